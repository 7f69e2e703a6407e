import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const minute = 60_000;

test('the store says how far the roll-ups are, and how long the first row waits that is not in them', async (t) => {
  const fixture = new SqliteFixture();
  const clock = new SimulatedClock(100_000);
  const options = {
    path: fixture.path,
    log: silentLog,
    clock,
    limits: { rollupRowsMax: 2, rollupGatheredMax: 2, rollupWrittenMax: 1 },
  };
  const store = new SqliteStore({ ...options, rollupWidthsMs: [minute, 5 * minute] });
  await store.start();
  t.after(() => fixture.close(store));
  assert.deepEqual((await store.numbers()).rollups, progress(0, 0, 0));
  await store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  const readings = [{ eventType: 'telemetry', time: 1_000, seq: undefined, data: { v: 1 } }];
  const messages = [90_000, 91_000, 92_000].map((processedAt, n) =>
    testMessage({ deviceId: 'a', messageId: `m-${n}`, processedAt, readings }),
  );
  await store.readings.apply(messages);
  assert.deepEqual((await store.numbers()).rollups, progress(0, 3, 10_000));
  await store.rollups.tick();
  assert.deepEqual((await store.numbers()).rollups, progress(0, 3, 10_000), 'added up, and not written yet');
  for (const _ of [minute, 5 * minute]) await store.rollups.tick();
  assert.deepEqual((await store.numbers()).rollups, progress(2, 1, 8_000));
  while (await store.rollups.tick());
  assert.deepEqual((await store.numbers()).rollups, progress(3, 0, 0));
});

test('numbers are answered without roll-ups while the store does not run', async () => {
  const fixture = new SqliteFixture();
  const store = new SqliteStore({ path: fixture.path, log: silentLog, rollupWidthsMs: [minute] });
  assert.deepEqual(await store.numbers(), { stateKeysLeftOut: 0, rollups: [] });
  await fixture.close(store);
});

function progress(reachedId: number, behindRows: number, behindMs: number) {
  return [minute, 5 * minute].map((intervalMs) => ({ intervalMs, reachedId, behindRows, behindMs }));
}
