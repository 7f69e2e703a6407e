import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runUntilKilled, wholeLines } from '../std/testing/killed-child.ts';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { Environment } from './environment.ts';

const child = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
const kills = 12;

test('a process that is killed in the middle of commits leaves whole batches, and all that it was told are flushed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
  let first = 0;
  await forSeedsInTurn(kills, async (random) => {
    const said = await runUntilKilled(child, [folder, String(first)], random.between(2, 6), '\n');
    const flushed = Number(
      wholeLines(said)
        .filter((line) => line !== '')
        .at(-1) ?? -1,
    );
    const environment = new Environment(folder);
    const left = environment.readKeys('retained', Buffer.from([0]), Buffer.from([0xff]), Number.POSITIVE_INFINITY);
    const right = environment.readKeys('sessions', Buffer.from([0]), Buffer.from([0xff]), Number.POSITIVE_INFINITY);
    await environment.close();
    assert.deepEqual(left, right, 'a pair of one batch is there by half');
    const last = left.at(-1)?.readUInt32BE(0) ?? -1;
    assert.ok(last >= flushed, `${flushed} was flushed, ${last} is the last that is there`);
    assert.equal(left.length, last + 1, 'rows before the last are missing');
    first = last + 1;
  });
  rmSync(folder, { recursive: true });
});
