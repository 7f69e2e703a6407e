import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import type { RawMessage } from '../raw.ts';
import type { Reading } from '../reading.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { sqliteLimits } from './limits.ts';
import type { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

async function storeWithDevice(t: TestContext): Promise<SqliteStore> {
  const fixture = new SqliteFixture({}, new SimulatedClock(0));
  const store = await fixture.open();
  t.after(() => fixture.close(store));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  return store;
}

function reading(time: number, data: Reading['data'], eventType = 'telemetry'): Reading {
  return { eventType, time, seq: undefined, data };
}

async function stored(store: SqliteStore, ...readings: Reading[]): Promise<RawMessage> {
  await store.readings.apply([testMessage({ deviceId: 'a', messageId: 'm', readings })]);
  const all = { deviceType: 'meter', from: 0, to: Number.MAX_SAFE_INTEGER, after: 0, end: undefined, limit: 1 };
  return (await store.raw.slice(all)).messages[0];
}

test('the newest reading of a message is its state, whatever their order, as when it came', async (t) => {
  const store = await storeWithDevice(t);
  const message = await stored(store, reading(2_000, { v: 2 }), reading(1_000, { v: 1 }));
  const readings = [reading(2_000, { v: 20 }), reading(1_000, { v: 10, w: 10 })];
  await store.raw.correct([{ ...message, processedAt: 5_000, readings }]);
  const state = await store.readings.state('a');
  assert.deepEqual(
    state.map(({ key, value, time }) => [key, value, time]),
    [
      ['v', 20, 2_000],
      ['w', 10, 1_000],
    ],
  );
  const rows = await store.readings.history({ deviceId: 'a', limit: 10 });
  assert.deepEqual(
    rows.map(({ time, outcome }) => [time, outcome]),
    [
      [2_000, 'applied'],
      [1_000, 'applied'],
    ],
  );
});

test('a corrected message finds no more room in the state than one that comes', async (t) => {
  const store = await storeWithDevice(t);
  const message = await stored(store, reading(1_000, { v: 1 }));
  const keys = Array.from({ length: sqliteLimits.stateKeysMax + 100 }, (_, i) => [`key${i}`, 1]);
  const types = Array.from({ length: sqliteLimits.stateEventTypesMax + 10 }, (_, i) =>
    reading(1_000, { v: 1 }, `type${i}`),
  );
  const readings = [reading(1_000, Object.fromEntries(keys)), ...types];
  await store.raw.correct([{ ...message, processedAt: 5_000, readings }]);
  const state = await store.readings.state('a');
  assert.equal(state.filter(({ eventType }) => eventType === 'telemetry').length, sqliteLimits.stateKeysMax);
  assert.equal(new Set(state.map(({ eventType }) => eventType)).size, sqliteLimits.stateEventTypesMax);
  assert.equal((await store.readings.message('a', 'm')).length, readings.length);
});

test('what the driver warns of when a message is decoded again stands in its history', async (t) => {
  const store = await storeWithDevice(t);
  const message = await stored(store, reading(1_000, { v: 1 }));
  const readings = [reading(1_000, { v: 2 }), reading(2_000, { v: 3 })];
  await store.raw.correct([{ ...message, processedAt: 5_000, readings, warnings: ['The battery is low'] }]);
  const rows = await store.readings.history({ deviceId: 'a', limit: 10 });
  assert.deepEqual(
    rows.map(({ time, warnings }) => [time, warnings]),
    [
      [2_000, undefined],
      [1_000, ['The battery is low']],
    ],
  );
});
