import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import type { DeviceType } from '../device-type.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import type { SqliteLimits } from './limits.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const minute = 60_000;
const now = 100 * minute;

async function openStore(
  t: TestContext,
  retention: DeviceType['retention'],
  rollupWidthsMs: readonly number[] = [],
  limits: Partial<SqliteLimits> = {},
) {
  const fixture = new SqliteFixture();
  const clock = new SimulatedClock(now);
  const store = new SqliteStore({ path: fixture.path, log: silentLog, clock, rollupWidthsMs, limits });
  await store.start();
  t.after(() => fixture.close(store));
  for (const name of ['meter', 'meter-keeps', 'meter.b'])
    await store.registry.putDeviceType(testDeviceType({ name, ...(name !== 'meter-keeps' && { retention }) }));
  const outside = new DatabaseSync(fixture.path);
  t.after(() => outside.close());
  const all = (sql: string): object[] =>
    outside
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  return { store, outside, all };
}

async function say(store: SqliteStore, deviceId: string, times: readonly number[]): Promise<void> {
  const batch = times.map((time) =>
    testMessage({
      deviceId,
      messageId: `m-${time}`,
      readings: [{ eventType: 'telemetry', time, seq: undefined, data: { v: time, w: 1 } }],
    }),
  );
  await store.readings.apply(batch);
}

async function sweepAll(store: SqliteStore): Promise<number> {
  let steps = 1;
  while (await store.typeSweeper.tick()) steps++;
  return steps;
}

test('history goes when it is older than its type keeps, and nothing that is younger, or of a type that keeps it', async (t) => {
  const { store, all } = await openStore(t, { historyMs: 50 * minute, raw: true }, [], { sweepRowsMax: 7 });
  const types = { a: 'meter', b: 'meter-keeps', c: 'meter.b', d: 'meter' };
  for (const [id, type] of Object.entries(types)) await store.registry.putDevice(testDevice({ id, type }));
  const times = Array.from({ length: 100 }, (_, i) => i * minute + 1);
  for (const id of Object.keys(types)) await say(store, id, times);
  assert.ok((await sweepAll(store)) > 150 / 7, 'in steps of seven rows');
  assert.deepEqual(all('SELECT device_id AS id, count(*) AS rows, min(time) AS oldest FROM history GROUP BY 1'), [
    { id: 'a', rows: 50, oldest: 50 * minute + 1 },
    { id: 'b', rows: 100, oldest: 1 },
    { id: 'c', rows: 50, oldest: 50 * minute + 1 },
    { id: 'd', rows: 50, oldest: 50 * minute + 1 },
  ]);
  assert.equal((await store.readings.state('a')).length, 2);
});

test('history that is not in the roll-ups yet is kept until it is', async (t) => {
  const { store, all } = await openStore(t, { historyMs: minute, raw: true }, [minute]);
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  await say(store, 'a', [1, 2, 3]);
  await sweepAll(store);
  assert.equal(all('SELECT id FROM history').length, 3);
  while (await store.rollups.tick());
  await sweepAll(store);
  assert.equal(all('SELECT id FROM history').length, 0);
  const query = { deviceIds: ['a'], eventType: 'telemetry', keys: ['v'], intervalMs: minute };
  const { series } = await store.series.points({ ...query, from: 0, to: now, limit: 100 });
  assert.deepEqual(series[0].points, [{ time: 0, count: 3, min: 1, max: 3, sum: 6, avg: 2, last: 3 }]);
});

test('a reading that comes after the newest history was removed and the server started again is rolled up too', async (t) => {
  const { store } = await openStore(t, { historyMs: minute, raw: false }, [minute]);
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  await say(store, 'a', [1, 2, 3]);
  while (await store.rollups.tick());
  await sweepAll(store);
  await store.stop();
  await store.start();
  await say(store, 'a', [4]);
  while (await store.rollups.tick());
  const query = { deviceIds: ['a'], eventType: 'telemetry', keys: ['v'], intervalMs: minute };
  assert.equal((await store.series.points({ ...query, from: 0, to: minute, limit: 1 })).series[0].points[0].count, 4);
});

test('roll-ups go when their interval is older than the type keeps them, also of more series than a step looks at', async (t) => {
  const { store, all } = await openStore(t, { rollupsMs: 50 * minute, raw: true }, [minute], { sweepRowsMax: 9 });
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  const keys = Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`k${i}`, i]));
  for (const time of [0, 49 * minute, 50 * minute]) {
    const readings = [{ eventType: 'telemetry', time, seq: undefined, data: keys }];
    await store.readings.apply([testMessage({ deviceId: 'a', messageId: `${time}`, readings })]);
  }
  while (await store.rollups.tick());
  await sweepAll(store);
  assert.deepEqual(all('SELECT start, count(*) AS rows FROM rollups GROUP BY 1'), [{ start: 50 * minute, rows: 700 }]);
  assert.equal((await store.readings.history({ deviceId: 'a', limit: 9 })).length, 3);
});

test('the bytes of messages are not kept where the type says so, from its next batch on', async (t) => {
  const { store, all } = await openStore(t, { raw: false });
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  await store.registry.putDevice(testDevice({ id: 'b', type: 'meter-keeps' }));
  await say(store, 'a', [1]);
  await say(store, 'b', [1]);
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  await say(store, 'a', [2]);
  assert.deepEqual(all('SELECT device_id AS id, message_id AS message FROM raw ORDER BY raw.id'), [
    { id: 'b', message: 'm-1' },
    { id: 'a', message: 'm-2' },
  ]);
});

test('a removed device takes its roll-ups along', async (t) => {
  const { store, all } = await openStore(t, { raw: true }, [minute], { sweepRowsMax: 3 });
  for (const id of ['a', 'b']) {
    await store.registry.putDevice(testDevice({ id, type: 'meter' }));
    await say(store, id, [1, minute, 2 * minute]);
  }
  while (await store.rollups.tick());
  await store.registry.removeDevice('a');
  assert.deepEqual(all('SELECT device_id AS id, count(*) AS rows FROM rollups GROUP BY 1'), [{ id: 'b', rows: 6 }]);
});

test('a type that keeps its history longer than before does not make roll-ups again of what is gone', async (t) => {
  const { store, all } = await openStore(t, { historyMs: 50 * minute, raw: true }, [10 * minute]);
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  await say(
    store,
    'a',
    Array.from({ length: 10 }, (_, i) => i * minute),
  );
  while (await store.rollups.tick());
  await sweepAll(store);
  await store.registry.putDeviceType(
    testDeviceType({ name: 'meter', retention: { historyMs: 5_000 * minute, raw: true } }),
  );
  const range = { deviceType: 'meter', from: 0, to: Number.MAX_SAFE_INTEGER, after: 0, end: undefined, limit: 1 };
  const { messages } = await store.raw.slice(range);
  const readings = [{ eventType: 'telemetry', time: 0, seq: undefined, data: { v: 1 } }];
  await store.raw.correct(messages.map((message) => ({ ...message, processedAt: now, readings })));
  while (await store.rollups.tick());
  assert.deepEqual(all("SELECT count FROM rollups WHERE key = 'w'"), [{ count: 10 }]);
});
