import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { Environment } from './environment.ts';

const child = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
const kills = 12;

test('a process that is killed in the middle of commits leaves whole batches, and all that it was told are flushed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
  let first = 0;
  await forSeedsInTurn(kills, async (random) => {
    const flushed = await runUntilKilled(folder, first, random.between(2, 6));
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

/** Kills the child when it has said `lines` lines, in a commit or between two. Answers the last number that it told. */
async function runUntilKilled(folder: string, first: number, lines: number): Promise<number> {
  const running = spawn(process.execPath, [child, folder, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(running, 'exit');
  let flushed = -1;
  let seen = 0;
  for await (const line of createInterface({ input: running.stdout })) {
    if (line !== '') flushed = Number(line);
    if (++seen === lines) running.kill('SIGKILL');
  }
  const [, signal] = await exited;
  assert.equal(signal, 'SIGKILL');
  return flushed;
}
