import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../../std/log.ts';
import { runUntilKilled } from '../../../std/testing/killed-child.ts';
import { forSeedsInTurn } from '../../../std/testing/seed.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { EmbeddedEngine } from '../engine.ts';
import { messageOf } from '../record.ts';

const child = fileURLToPath(new URL('../testing/move-crash-child.ts', import.meta.url));
const kills = 30;
const messages = 2_000;

test('killed during moves, each message is in exactly one queue, and every move goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-moves-'));
  let goneOn = 0;
  await forSeedsInTurn(kills, async (random) => {
    await runUntilKilled(child, [folder, String(messages)], random.between(1, 60));
    assert.deepEqual(await idsOnDisk(folder), everyId, 'a message is lost, or is there twice');
    goneOn += await endMoves(folder);
    assert.deepEqual(await idsOnDisk(folder), everyId, 'a move that went on lost a message, or moved one twice');
  });
  assert.ok(goneOn > 0, 'no kill fell into a move');
  rmSync(folder, { recursive: true });
});

const everyId = Array.from({ length: messages }, (_, number) => number);

/** As the rows say it, in order, before anybody goes on with anything. */
async function idsOnDisk(folder: string): Promise<number[]> {
  const environment = new Environment(folder);
  const rows = environment.readRange('messages', Buffer.alloc(1), Buffer.alloc(12, 0xff), Number.POSITIVE_INFINITY);
  await environment.close();
  return rows.map(({ value }) => Number(messageOf(value).payload)).sort((a, b) => a - b);
}

/** Starts an engine, lets what was cut short come to its end, and answers how many moves that were. */
async function endMoves(folder: string): Promise<number> {
  const environment = new Environment(folder);
  const engine = new EmbeddedEngine({ environment, commit: new GroupCommit({ environment }), log: silentLog });
  await engine.start();
  const cutShort = (await engine.moves()).filter(({ state }) => state === 'running');
  for (const { id } of cutShort) {
    const { state, moved, matched, scanned, total } = await engine.moveStatus(id, 60_000);
    assert.deepEqual([state, moved], ['done', matched]);
    assert.ok(scanned <= total, `${scanned} messages were looked at, of ${total}`);
  }
  for (const queue of ['left', 'right']) {
    const { ready, scheduled } = await engine.stats(queue);
    const { messages: found } = await engine.browse(queue, { from: 0, limit: messages });
    assert.equal(ready + scheduled, found.length, `the counters of "${queue}" differ from its rows`);
    assert.ok(found.every(({ attempts }) => attempts === 0));
  }
  await engine.stop();
  await environment.close();
  return cutShort.length;
}
