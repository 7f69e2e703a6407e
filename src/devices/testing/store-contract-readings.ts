import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { JsonObject } from '../../std/json.ts';
import { historyStart, type ProcessedMessage, type Store } from '../store.ts';
import { testDevice, testDeviceType, testMessage } from './store-samples.ts';

/** The part of the contract that is about messages, state and history. Every test has a device of its own. */
export function readingsContract(store: () => Store, reopen: () => Promise<void>): void {
  before(async () => {
    const { registry } = store();
    await registry.putDeviceType(testDeviceType({ name: 'meter' }));
    for (let i = 1; i <= 16; i++) await registry.putDevice(testDevice({ id: `a-${i}`, type: 'meter' }));
  });

  test('a message becomes state by key and a row of history', async () => {
    const message = telemetry('a-1', 'm-1', 1000, { temperature: 21.5, door: { open: true }, note: null }, 4);
    assert.deepEqual(await store().readings.apply([message]), ['applied']);
    const common = { eventType: 'telemetry', time: 1000, seq: 4, messageId: 'm-1' };
    assert.deepEqual(await store().readings.state('a-1'), [
      { ...common, key: 'door', value: { open: true } },
      { ...common, key: 'note', value: null },
      { ...common, key: 'temperature', value: 21.5 },
    ]);
    const [row, ...more] = await store().readings.history({ deviceId: 'a-1', limit: 10 });
    assert.deepEqual(more, []);
    assert.deepEqual(
      { ...row, id: 0 },
      {
        id: 0,
        ...common,
        receivedAt: 2000,
        processedAt: 3000,
        driver: 'json',
        driverVersion: '1.0.0',
        outcome: 'applied',
        data: message.readings[0].data,
      },
    );
  });

  test('the same message id again is a duplicate and changes nothing, within a batch and across', async () => {
    const first = telemetry('a-2', 'm-1', 1000, { v: 1 });
    const copy = telemetry('a-2', 'm-1', 5000, { v: 2 });
    assert.deepEqual(await store().readings.apply([first, copy]), ['applied', 'duplicate']);
    assert.deepEqual(await store().readings.apply([copy]), ['duplicate']);
    assert.deepEqual(await values(store(), 'a-2'), { v: 1 });
    assert.equal((await store().readings.history({ deviceId: 'a-2', limit: 10 })).length, 1);
  });

  test('a message counts as stored when it was given before, and not for another device', async () => {
    const { readings } = store();
    void readings.apply([telemetry('a-2', 'm-2', 1000, { v: 1 })]);
    const asked = [
      { deviceId: 'a-2', messageId: 'm-2' },
      { deviceId: 'a-3', messageId: 'm-2' },
      { deviceId: 'a-2', messageId: 'm-3' },
    ];
    assert.deepEqual(await readings.areStored(asked), [true, false, false]);
  });

  test('the same message id of another device is another message', async () => {
    const outcomes = await store().readings.apply([
      telemetry('a-3', 'm-1', 1000, { v: 1 }),
      telemetry('a-4', 'm-1', 1000, { v: 2 }),
    ]);
    assert.deepEqual(outcomes, ['applied', 'applied']);
  });

  test('older data goes to history as stale and leaves the state as it is', async () => {
    await store().readings.apply([telemetry('a-5', 'new', 2000, { v: 'new' })]);
    assert.deepEqual(await store().readings.apply([telemetry('a-5', 'old', 1000, { v: 'old' })]), ['stale']);
    assert.deepEqual(await values(store(), 'a-5'), { v: 'new' });
    const rows = await store().readings.history({ deviceId: 'a-5', limit: 10 });
    assert.deepEqual(
      rows.map((row) => [row.messageId, row.outcome]),
      [
        ['new', 'applied'],
        ['old', 'stale'],
      ],
    );
  });

  test('freshness counts per key: an older message still brings the keys that are not known newer', async () => {
    await store().readings.apply([telemetry('a-6', 'one', 2000, { a: 2 })]);
    assert.deepEqual(await store().readings.apply([telemetry('a-6', 'two', 1000, { a: 1, b: 1 })]), ['applied']);
    assert.deepEqual(await values(store(), 'a-6'), { a: 2, b: 1 });
  });

  test('a history is read onwards, also where the last row of the page before is gone', async () => {
    const times = [5, 1, 3, 3, 2, 3];
    const batch = times.map((time, i) => telemetry('a-16', `m-${i}`, time, { i }));
    await store().readings.apply(batch);
    const read: number[] = [];
    for (let after = historyStart; ; ) {
      const rows = await store().readings.history({ deviceId: 'a-16', after, limit: 2 });
      const last = rows.at(-1);
      if (last === undefined) break;
      read.push(...rows.map(({ data }) => Number(data.i)));
      after = last;
    }
    assert.deepEqual(read, [1, 4, 2, 3, 5, 0]);
    const rows = await store().readings.history({ deviceId: 'a-16', after: { time: 3, id: 0 }, to: 5, limit: 9 });
    assert.deepEqual(
      rows.map(({ data }) => data.i),
      [2, 3, 5],
    );
  });

  test('freshness counts per event type', async () => {
    const door = { eventType: 'door.opened', time: 500, seq: undefined, data: { a: 'door' } };
    await store().readings.apply([telemetry('a-7', 'one', 2000, { a: 'telemetry' })]);
    const outcomes = await store().readings.apply([
      testMessage({ deviceId: 'a-7', messageId: 'two', readings: [door] }),
    ]);
    assert.deepEqual(outcomes, ['applied']);
    assert.equal((await store().readings.state('a-7')).length, 2);
  });

  test('at the same time the counter decides, and an equal counter is stale', async () => {
    const outcomes = await store().readings.apply([
      telemetry('a-8', 'm-1', 1000, { v: 5 }, 5),
      telemetry('a-8', 'm-2', 1000, { v: 4 }, 4),
      telemetry('a-8', 'm-3', 1000, { v: 6 }, 6),
      telemetry('a-8', 'm-4', 1000, { v: 7 }, 6),
    ]);
    assert.deepEqual(outcomes, ['applied', 'stale', 'applied', 'stale']);
    assert.deepEqual(await values(store(), 'a-8'), { v: 6 });
  });

  test('a message with several readings is applied when one of them is', async () => {
    await store().readings.apply([telemetry('a-9', 'first', 2000, { v: 2 })]);
    const late = { eventType: 'telemetry', time: 1000, seq: undefined, data: { v: 1 } };
    const fresh = { eventType: 'telemetry', time: 3000, seq: undefined, data: { v: 3 } };
    const message = testMessage({ deviceId: 'a-9', messageId: 'both', readings: [late, fresh] });
    assert.deepEqual(await store().readings.apply([message]), ['applied']);
    const rows = await store().readings.message('a-9', 'both');
    assert.deepEqual(
      rows.map((row) => [row.time, row.outcome]),
      [
        [1000, 'stale'],
        [3000, 'applied'],
      ],
    );
  });

  test('a message without readings is applied once', async () => {
    const message = testMessage({ deviceId: 'a-10', messageId: 'empty' });
    assert.deepEqual(await store().readings.apply([message, message]), ['applied', 'duplicate']);
    assert.deepEqual(await store().readings.message('a-10', 'empty'), []);
  });

  test('preview answers what apply would, and changes nothing', async () => {
    await store().readings.apply([telemetry('a-11', 'known', 2000, { v: 2 })]);
    const batch = [
      telemetry('a-11', 'known', 3000, { v: 3 }),
      telemetry('a-11', 'late', 1000, { v: 1 }),
      telemetry('a-11', 'next', 4000, { v: 4 }),
      telemetry('a-11', 'next', 4000, { v: 4 }),
    ];
    const expected = ['duplicate', 'stale', 'applied', 'duplicate'];
    assert.deepEqual(await store().readings.preview(batch), expected);
    assert.deepEqual(await values(store(), 'a-11'), { v: 2 });
    assert.equal((await store().readings.history({ deviceId: 'a-11', limit: 10 })).length, 1);
    assert.deepEqual(await store().readings.apply([telemetry('a-11', 'between', 3500, { v: 3.5 })]), ['applied']);
    assert.deepEqual(await store().readings.apply(batch), expected);
    assert.deepEqual(await values(store(), 'a-11'), { v: 4 });
  });

  test('history is paged newest first by time, also where times are equal', async () => {
    const times = [1000, 3000, 2000, 3000, 3000, 500];
    await store().readings.apply(times.map((time, i) => telemetry('a-12', `m-${i}`, time, { i })));
    const pages: number[][] = [];
    for (let before: number | undefined; ; ) {
      const rows = await store().readings.history({ deviceId: 'a-12', limit: 2, before });
      if (rows.length === 0) break;
      pages.push(rows.map((row) => row.data.i as number));
      before = rows.at(-1)?.id;
    }
    assert.deepEqual(pages, [
      [4, 3],
      [1, 2],
      [0, 5],
    ]);
  });

  test('history is cut by time, the end not included, and by event type', async () => {
    const other = { eventType: 'other', time: 2000, seq: undefined, data: { v: 'other' } };
    await store().readings.apply([
      ...[1000, 2000, 3000].map((time) => telemetry('a-13', `m-${time}`, time, { v: time })),
      testMessage({ deviceId: 'a-13', messageId: 'other', readings: [other] }),
    ]);
    const rows = await store().readings.history({
      deviceId: 'a-13',
      from: 1000,
      to: 3000,
      eventType: 'telemetry',
      limit: 9,
    });
    assert.deepEqual(
      rows.map((row) => row.time),
      [2000, 1000],
    );
  });

  test('a removed device takes its readings with it, and its message ids count as new again', async () => {
    const { registry, readings } = store();
    await readings.apply([telemetry('a-14', 'm-1', 9000, { v: 1 })]);
    await registry.removeDevice('a-14');
    assert.deepEqual(await readings.state('a-14'), []);
    assert.deepEqual(await readings.history({ deviceId: 'a-14', limit: 9 }), []);
    await registry.putDevice(testDevice({ id: 'a-14', type: 'meter' }));
    assert.deepEqual(await readings.apply([telemetry('a-14', 'm-1', 1000, { v: 2 })]), ['applied']);
    assert.deepEqual(await values(store(), 'a-14'), { v: 2 });
  });

  test('a message of no device is unknown and leaves nothing behind, and the others of its batch are applied', async () => {
    const { readings, registry } = store();
    await registry.putDevice(testDevice({ id: 'a-16', type: 'meter' }));
    await registry.removeDevice('a-16');
    const batch = [telemetry('a-16', 'm-1', 1000, { v: 1 }), telemetry('a-1', 'a-16', 1000, { other: 1 })];
    assert.deepEqual(await readings.preview(batch), ['unknown', 'applied']);
    assert.deepEqual(await readings.apply(batch), ['unknown', 'applied']);
    await registry.putDevice(testDevice({ id: 'a-16', type: 'meter' }));
    assert.deepEqual(await values(store(), 'a-16'), {});
    assert.deepEqual(await readings.apply([batch[0]]), ['applied']);
  });

  test('state, history and known message ids are the same after a restart', async () => {
    const message = telemetry('a-15', 'm-1', 2000, { v: 2 }, 7);
    await store().readings.apply([message]);
    const before = await everything(store(), 'a-15');
    await reopen();
    assert.deepEqual(await everything(store(), 'a-15'), before);
    const late = telemetry('a-15', 'm-2', 2000, { v: 1 }, 6);
    assert.deepEqual(await store().readings.apply([message, late]), ['duplicate', 'stale']);
    const ids = (await store().readings.history({ deviceId: 'a-15', limit: 9 })).map((row) => row.id);
    assert.equal(new Set(ids).size, 2);
  });
}

function telemetry(
  deviceId: string,
  messageId: string,
  time: number,
  data: JsonObject,
  seq?: number,
): ProcessedMessage {
  return testMessage({ deviceId, messageId, readings: [{ eventType: 'telemetry', time, seq, data }] });
}

async function values(store: Store, deviceId: string): Promise<Record<string, unknown>> {
  return Object.fromEntries((await store.readings.state(deviceId)).map((entry) => [entry.key, entry.value]));
}

async function everything(store: Store, deviceId: string): Promise<unknown> {
  return {
    state: await store.readings.state(deviceId),
    history: await store.readings.history({ deviceId, limit: 10 }),
  };
}
