import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { silentLog } from '../../std/log.ts';
import { runUntilKilled, wholeLines } from '../../std/testing/killed-child.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const batchSize = 20;

test('what was answered before the process was killed is stored and rolled up once, and no batch is stored in part', async (context) => {
  const fixture = new SqliteFixture();
  const script = join(fixture.folder, 'apply.mjs');
  writeFileSync(script, program);
  let answered = 0;
  for (const kill of [1, 2, 3]) answered = await applyUntilKilled([script, fixture.path], answered, 15 * kill);
  const store = new SqliteStore({ path: fixture.path, log: silentLog, rollupWidthsMs: [batchSize] });
  await store.start();
  context.after(() => fixture.close(store));
  assert.ok(answered >= 15 + 30 + 45 - 3, `only ${answered} batches were answered`);
  const rows = await store.readings.history({ deviceId: 'd', limit: 10_000 });
  const messages = new Set(rows.map((row) => row.messageId));
  for (let i = 0; i < answered * batchSize; i++)
    assert.ok(messages.has(`m-${i}`), `m-${i} was answered and is missing`);
  assert.equal(messages.size % batchSize, 0);
  assert.equal(rows.length, messages.size, 'a message that was sent again after the kill is there once');
  const [state] = await store.readings.state('d');
  assert.equal(state.time, Math.max(...rows.map((row) => row.time)));
  assert.ok(rolledUp(fixture.path) > 0, 'roll-ups were made before the last kill');
  while (await store.rollups.tick());
  const query = { deviceIds: ['d'], eventType: 't', keys: ['n'], intervalMs: batchSize };
  const { series } = await store.series.points({ ...query, from: 0, to: state.time + 1, limit: 100_000 });
  // The numbers of a batch are its interval.
  for (const { time, count, sum } of series[0].points)
    assert.deepEqual([count, sum], [batchSize, batchSize * (time + (batchSize - 1) / 2)], `from ${time} on`);
  assert.equal(series[0].points.length, rows.length / batchSize);
});

function rolledUp(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const { count } = database.prepare('SELECT total(count) AS count FROM rollups').get() as { count: number };
  database.close();
  return count;
}

/** Applies batches from number `from` on in a process of its own and kills it after `answers`. Answers the next number not answered. */
async function applyUntilKilled([script, path]: readonly string[], from: number, answers: number): Promise<number> {
  const said = await runUntilKilled(script, [path, String(from)], answers, '\n');
  return Math.max(from, ...wholeLines(said).map((line) => Number(line) + 1));
}

const program = `
import { SqliteStore } from '${new URL('./store.ts', import.meta.url)}';
import { testDevice, testDeviceType, testMessage } from '${new URL('../testing/store-samples.ts', import.meta.url)}';
import { silentLog } from '${new URL('../../std/log.ts', import.meta.url)}';
const store = new SqliteStore({ path: process.argv[2], log: silentLog, rollupWidthsMs: [${batchSize}] });
await store.start();
await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
await store.registry.putDevice(testDevice({ id: 'd', type: 'meter' }));
// A few requests at a time, however slow the disk is: the store refuses what waits beyond its limit.
const open = [];
for (let batch = Number(process.argv[3]); ; batch++) {
  const messages = Array.from({ length: ${batchSize} }, (_, i) => {
    const n = batch * ${batchSize} + i;
    return testMessage({ deviceId: 'd', messageId: 'm-' + n, readings: [{ eventType: 't', time: n, seq: undefined, data: { n } }] });
  });
  open.push(store.readings.apply(messages).then(() => process.stdout.write(batch + '\\n')), store.rollups.tick());
  while (open.length > 4) await open.shift();
}
`;
