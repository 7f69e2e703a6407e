import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { sqliteLimits } from './limits.ts';
import type { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

async function storeWithDevice(t: TestContext): Promise<SqliteStore> {
  const fixture = new SqliteFixture();
  const store = await fixture.open();
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
