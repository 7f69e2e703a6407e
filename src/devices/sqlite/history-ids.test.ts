import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { testDevice, testDeviceType, testMessage } from '../testing/store-samples.ts';
import type { SqliteStore } from './store.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const unread = testMessage({ deviceId: 'm', messageId: '1', processedAt: 5_000 });
const reading = { eventType: 'telemetry', time: 1_000, seq: undefined, data: { n: 1 } };

async function storeOf(t: TestContext): Promise<{ store: SqliteStore; reopen: () => Promise<void> }> {
  const fixture = new SqliteFixture({}, new SimulatedClock());
  const opened = {
    store: await fixture.open(),
    reopen: async () => {
      opened.store = await fixture.reopen(opened.store);
    },
  };
  t.after(() => fixture.close(opened.store));
  await opened.store.registry.putDeviceType(testDeviceType({ name: 'meter' }));
  await opened.store.registry.putDevice(testDevice({ id: 'm', type: 'meter' }));
  return opened;
}

async function replace({ registry }: SqliteStore): Promise<void> {
  await registry.removeDevice('m');
  await registry.putDevice(testDevice({ id: 'm', type: 'meter' }));
}

test('what a device left in the inbox is no duplicate, and no message, of the next one of its id', async (t) => {
  const { store } = await storeOf(t);
  const { readings } = store;
  // Nothing but its history leads from a device to its inbox, and a message without readings has none.
  assert.deepEqual(await readings.apply([unread]), ['applied']);
  assert.deepEqual(await readings.apply([unread]), ['duplicate']);
  await replace(store);
  assert.deepEqual(await readings.inbox('1', 'm', 10), []);
  assert.deepEqual(await readings.areStored([unread]), [false]);
  const message = { ...unread, readings: [reading] };
  assert.deepEqual(await readings.apply([message, message]), ['applied', 'duplicate']);
  assert.equal((await readings.inbox('1', 'm', 10)).length, 1);
  assert.deepEqual(
    (await readings.message('m', '1')).map(({ data }) => data),
    [{ n: 1 }],
  );
});

test('a device keeps its inbox when it is changed, and when the clock goes back', async (t) => {
  const { store } = await storeOf(t);
  const early = { ...unread, processedAt: 1 };
  await store.readings.apply([early]);
  await store.registry.putDevice(testDevice({ id: 'm', type: 'meter', firmwareVersion: '2.0.0' }));
  assert.deepEqual(await store.readings.apply([early]), ['duplicate']);
});

test('ids of history go up over restarts, whatever was removed and undone before', async (t) => {
  const opened = await storeOf(t);
  const message = (messageId: string) => testMessage({ deviceId: 'm', messageId, readings: [reading] });
  const lastId = async (): Promise<number> => (await opened.store.readings.history({ deviceId: 'm', limit: 1 }))[0].id;
  await opened.store.readings.preview([message('a')]);
  await opened.store.readings.apply([message('a')]);
  const first = await lastId();
  await replace(opened.store);
  await opened.reopen();
  await opened.store.readings.apply([message('b')]);
  assert.ok((await lastId()) > first);
  assert.deepEqual(await opened.store.readings.apply([message('b')]), ['duplicate']);
});
