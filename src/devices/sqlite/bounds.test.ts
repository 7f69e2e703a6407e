import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { createLog, type Log, silentLog } from '../../std/log.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { sqliteLimits } from './limits.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

async function storeWithDevice(t: TestContext, log: Log = silentLog): Promise<SqliteStore> {
  const fixture = new SqliteFixture();
  const store = new SqliteStore({
    path: fixture.path,
    log,
    limits: { stateKeysCachedMax: 1000 },
    clock: new SimulatedClock(0),
  });
  await store.start();
  t.after(() => fixture.close(store));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  await store.registry.putDevice(testDevice({ id: 'm1', type: 'meter' }));
  return store;
}

test('a page of history ends early where its data is large, and the next one goes on', async (t) => {
  const store = await storeWithDevice(t);
  const data = { text: 'x'.repeat(sqliteLimits.pageTextMax / 2) };
  for (let i = 1; i <= 3; i++) {
    const readings = [{ eventType: 'telemetry', time: i, seq: undefined, data }];
    await store.readings.apply([testMessage({ deviceId: 'm1', messageId: `${i}`, readings })]);
  }
  const times: number[] = [];
  for (let before: number | undefined; ; ) {
    const rows = await store.readings.history({ deviceId: 'm1', before, limit: 100 });
    if (rows.length === 0) break;
    assert.ok(rows.length < 3);
    times.push(...rows.map(({ time }) => time));
    before = rows.at(-1)?.id;
  }
  assert.deepEqual(times, [3, 2, 1]);
});

test('a slice of stored messages ends early where what they became is large, and the next one goes on', async (t) => {
  const store = await storeWithDevice(t);
  const data = { text: 'x'.repeat(sqliteLimits.pageTextMax / 2) };
  for (let i = 1; i <= 3; i++) {
    const readings = [{ eventType: 'telemetry', time: i, seq: undefined, data }];
    await store.readings.apply([testMessage({ deviceId: 'm1', messageId: `${i}`, readings })]);
  }
  const query = { deviceType: 'meter', from: 0, to: Number.MAX_SAFE_INTEGER, limit: 100 };
  const first = await store.raw.slice({ ...query, after: 0, end: undefined });
  assert.deepEqual(
    first.messages.map(({ messageId }) => messageId),
    ['1', '2'],
  );
  const second = await store.raw.slice({ ...query, after: first.next as number, end: first.end });
  assert.deepEqual(
    second.messages.map(({ messageId, payload }) => [messageId, payload.length]),
    [['3', 2]],
  );
  assert.equal(second.next, undefined);
});

test('a state has room for so many keys; what it knows goes on to be updated, the rest stays in the history', async (t) => {
  const store = await storeWithDevice(t);
  const apply = (messageId: string, time: number, data: Record<string, number>): Promise<unknown> => {
    const readings = [{ eventType: 'telemetry', time, seq: undefined, data }];
    return store.readings.apply([testMessage({ deviceId: 'm1', messageId, readings })]);
  };
  const keys = Array.from({ length: sqliteLimits.stateKeysMax + 100 }, (_, i) => [`key${i}`, 1]);
  await apply('a', 1, Object.fromEntries(keys));
  await apply('b', 2, { key0: 2, another: 2 });
  const state = await store.readings.state('m1');
  assert.equal(state.length, sqliteLimits.stateKeysMax);
  assert.equal(state.find(({ key }) => key === 'key0')?.value, 2);
  assert.equal(
    state.find(({ key }) => key === 'another'),
    undefined,
  );
  assert.equal((await store.readings.history({ deviceId: 'm1', limit: 10 }))[0].data.another, 2);
});

test('keys without room are counted, and told once for each device', async (t) => {
  const lines: string[] = [];
  const store = await storeWithDevice(
    t,
    createLog('warn', (line) => lines.push(line)),
  );
  const keys = Array.from({ length: sqliteLimits.stateKeysMax + 3 }, (_, i) => [`key${i}`, 1]);
  const readings = [{ eventType: 'telemetry', time: 1, seq: undefined, data: Object.fromEntries(keys) }];
  for (const messageId of ['a', 'b'])
    await store.readings.apply([testMessage({ deviceId: 'm1', messageId, readings })]);
  assert.equal(store.readings.stateKeysLeftOut, 6);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ level, deviceId, keys }) => [level, deviceId, keys]),
    [['warn', 'm1', 3]],
  );
});

test('a state has room for so many event types, within a batch and across', async (t) => {
  const store = await storeWithDevice(t);
  const { stateEventTypesMax } = sqliteLimits;
  const message = (from: number, count: number, time: number): ReturnType<typeof testMessage> => {
    const readings = Array.from({ length: count }, (_, i) => {
      return { eventType: `type${from + i}`, time, seq: undefined, data: { v: time } };
    });
    return testMessage({ deviceId: 'm1', messageId: `${from} ${time}`, readings });
  };
  await store.readings.apply([message(0, stateEventTypesMax - 1, 1)]);
  await store.readings.apply([message(stateEventTypesMax - 1, 3, 1), message(0, 1, 2)]);
  const state = await store.readings.state('m1');
  assert.equal(new Set(state.map(({ eventType }) => eventType)).size, stateEventTypesMax);
  assert.equal(state.find(({ eventType }) => eventType === 'type0')?.value, 2);
  assert.equal(store.readings.stateKeysLeftOut, 2);
});
