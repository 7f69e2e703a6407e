import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { JsonObject } from '../std/json.ts';
import { TestBench, TestWaiter } from './testing/test-bench.ts';

let bench: TestBench;
beforeEach(async () => {
  bench = await TestBench.open();
  await bench.device('m', { name: 'meter', mode: 'inline', fPort: 9 });
});
afterEach(() => bench.close());

test('the receipt of an inline message says what became of it', async () => {
  const first = bench.message('m', { v: 1 }, { 'message-id': 'm-1', time: 2000 });
  const late = bench.message('m', { v: 0 }, { 'message-id': 'm-2', time: 1000 });
  const receipts = await bench.publish(first, first, late);
  assert.deepEqual(
    receipts.map(({ tag, code, outcome }) => [tag, code, outcome]),
    [
      [0, undefined, 'applied'],
      [1, undefined, 'duplicate'],
      [2, undefined, 'stale'],
    ],
  );
  assert.deepEqual(await bench.state('m'), { v: 1, fPort: 9 });
});

test('a bad message costs itself only: it is refused, dead-lettered with its story, and its neighbours are stored', async () => {
  const messages = [
    bench.message('m', { v: 1 }),
    bench.message('m', 'no JSON', { 'message-id': 'bad', firmware: '2.1.0' }),
    bench.message('m', { invalid: true }),
    bench.message('m', { v: 2 }, { seq: 'x' }),
    bench.message('m', { v: 3 }),
  ];
  const receipts = await bench.publish(...messages);
  assert.deepEqual(
    receipts.map(({ outcome }) => outcome),
    ['applied', 'rejected:driver_failed', 'rejected:schema_violation', 'rejected:invalid_argument', 'applied'],
  );
  assert.equal(receipts[2].failure?.detail?.stage, 'validate');
  const [{ message, death }] = bench.buried;
  assert.equal(bench.buried.length, 3);
  assert.equal(death.code, 'driver_failed');
  assert.deepEqual(message, messages[1]);
  assert.deepEqual(death.headers.slice(1), [
    ['stage', 'decode'],
    ['driver', 'meter-2'],
    ['driver-version', '1.0.0'],
    ['device-id', 'm'],
    ['device-type', 'meter'],
    ['event-type', 'telemetry'],
    ['firmware', '2.1.0'],
    ['message-id', 'bad'],
  ]);
});

test('a message of a device that is removed while it is decoded is that of no device, and the next device starts empty', async () => {
  const decoded = Promise.withResolvers<void>();
  bench.drivers.gate = decoded.promise;
  const message = bench.message('m', { v: 1 }, { 'message-id': 'm-1', firmware: '2.0.0' });
  const receipts = bench.publish(message);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(bench.drivers.batches.length, 1);
  await bench.pipeline.registry.removeDevice('m');
  decoded.resolve();
  const [{ outcome }] = await receipts;
  assert.equal(outcome, 'rejected:device_unknown');
  assert.equal(bench.buried.length, 0);
  assert.equal(await bench.store.registry.device('m'), undefined);
  await bench.device('m', { name: 'meter', mode: 'inline' });
  assert.deepEqual(await bench.state('m'), {});
  assert.equal((await bench.publish(message))[0].outcome, 'applied');
});

test('a device type whose schema cannot be used is refused', async () => {
  const schemas: JsonObject[] = [{ type: 'wat' }, { $ref: '#' }, { $async: true }, { title: 'x'.repeat(300_000) }];
  for (const schema of schemas) {
    const put = bench.device('m', { name: 'meter', schemas: { telemetry: schema } });
    await assert.rejects(put, { code: 'invalid_argument' });
  }
});

test('a rejected message that cannot be dead-lettered is to be sent again', async () => {
  bench.buryProblem = new Error('no room');
  const [receipt] = await bench.publish(bench.message('m', 'no JSON'));
  assert.equal(receipt.outcome, 'failed:storage_failed');
  assert.equal(receipt.failure?.row.retryable, true);
});

test('when the store fails, the whole batch is to be sent again, and then it is stored', async () => {
  bench.storeProblem = new Error('disk full');
  const messages = [bench.message('m', { v: 1 }, { 'message-id': 'm-1' }), bench.message('m', 'no JSON')];
  const receipts = await bench.publish(...messages);
  assert.deepEqual(
    receipts.map(({ outcome }) => outcome),
    ['failed:internal', 'rejected:driver_failed'],
  );
  bench.storeProblem = undefined;
  assert.equal((await bench.publish(messages[0]))[0].outcome, 'applied');
});

test('when the driver host fails, or has no time, nothing is rejected', async () => {
  bench.drivers.broken = new Error('no workers');
  assert.equal((await bench.publish(bench.message('m', { v: 1 })))[0].outcome, 'failed:internal');
  bench.drivers.broken = undefined;
  assert.equal((await bench.publish(bench.message('m', { busy: true })))[0].outcome, 'failed:unavailable');
  assert.equal(bench.buried.length, 0);
});

test('a message whose driver is set aside is answered with the driver, and when to send it again', async () => {
  const [{ outcome, failure }] = await bench.publish(bench.message('m', { setAside: true }));
  assert.equal(outcome, 'failed:driver_set_aside');
  const { driver, driverVersion, retryAfterSeconds } = failure?.detail ?? {};
  assert.deepEqual([driver, driverVersion, retryAfterSeconds], ['meter-any', '1.0.0', 42]);
  assert.equal(bench.buried.length, 0, 'it may be sent again');
});

test('messages of unknown and retired devices are refused, and not dead-lettered, and it is known who sends', async () => {
  await bench.device('old', { name: 'meter' }, { retired: true });
  const receipts = await bench.publish(bench.message('nobody', { v: 1 }), bench.message('old', { v: 1 }));
  const codes = receipts.map(({ tag, code }) => [tag, code]).sort();
  assert.deepEqual(codes, [
    [0, 'device_unknown'],
    [1, 'device_retired'],
  ]);
  assert.equal(bench.buried.length, 0);
  assert.deepEqual(
    bench.pipeline.strangers.list().map(({ deviceId, messages }) => [deviceId, messages]),
    [['nobody', 1]],
  );
});

test('a topic of a device with a wrong name in it is refused, other topics lead nowhere', async () => {
  const [receipt] = await bench.publish({ ...bench.message('m', {}), topic: 'devices/m/events/Door' });
  assert.equal(receipt.code, 'invalid_topic');
  assert.equal(bench.pipeline.sink.route('devices/m/config/reported'), undefined);
});

test('messages that come while their device is looked up are processed in their order, those of others meanwhile', async () => {
  await bench.store.registry.putDevice({
    id: 'cold',
    type: 'meter',
    firmwareVersion: undefined,
    attributes: {},
    retired: false,
  });
  const receipts = await bench.publish(
    ...[1, 2, 3].map((v) => bench.message('cold', { v })),
    bench.message('m', { v: 9 }),
  );
  assert.deepEqual(
    receipts.map(({ outcome }) => outcome),
    Array(4).fill('applied'),
  );
  const tagsOfCold = receipts.map(({ tag }) => tag).filter((tag) => tag < 3);
  assert.deepEqual(tagsOfCold, [0, 1, 2]);
  assert.equal((await bench.state('cold')).v, 3);
});

test('a batch that decodes slowly is stored before the next one', async () => {
  const gate = Promise.withResolvers<void>();
  bench.drivers.gate = gate.promise;
  const first = bench.publish(bench.message('m', { v: 'first' }));
  await turn();
  const second = bench.publish(bench.message('m', { v: 'second' }));
  await turn();
  assert.deepEqual(bench.drivers.batches, [1, 1]);
  gate.resolve();
  await Promise.all([first, second]);
  const rows = await bench.store.readings.history({ deviceId: 'm', limit: 2 });
  const inOrder = [...rows].sort((a, b) => a.id - b.id).map(({ data }) => data.v);
  assert.deepEqual(inOrder, ['first', 'second']);
});

test('beyond inlineMessagesMax and inlineBytesMax messages are refused at once with the name of the limit', async () => {
  const small = await TestBench.open({ inlineMessagesMax: 2, inlineBytesMax: 100 });
  await small.device('m', { name: 'meter' });
  const receipts = await small.publish(...[1, 2, 3].map((v) => small.message('m', { v })));
  assert.deepEqual(
    receipts.map(({ tag, code, failure }) => [tag, code, failure?.detail?.limit]),
    [
      [2, 'quota_exceeded', 'inlineMessagesMax'],
      [0, undefined, undefined],
      [1, undefined, undefined],
    ],
  );
  const [large] = await small.publish(small.message('m', { v: 'x'.repeat(100) }));
  assert.equal(large.failure?.detail?.limit, 'inlineBytesMax');
  assert.equal((await small.publish(small.message('m', { v: 4 })))[0].outcome, 'applied');
  await small.close();
});

test('a payload may be a view of a buffer that is used again in the next turn', async () => {
  const message = bench.message('m', { v: 'mine' });
  const published = bench.publish(message);
  message.payload.fill(0);
  assert.equal((await published)[0].outcome, 'applied');
  assert.equal((await bench.state('m')).v, 'mine');
});

test('readings ahead of receivedAt by more than the type allows are rejected, older ones never', async () => {
  await bench.device('strict', { name: 'strict', futureTimeMsMax: 1000 });
  const now = bench.clock.now();
  const outcome = async (time: number): Promise<string | undefined> =>
    (await bench.publish(bench.message('strict', { v: time }, { time })))[0].outcome;
  assert.equal(await outcome(now + 1000), 'applied');
  assert.equal(await outcome(now + 1001), 'rejected:time_out_of_range');
  assert.equal(await outcome(1), 'stale');
  assert.equal(bench.buried[0].death.headers.find(([name]) => name === 'stage')?.[1], 'time');
});

test('one reading ahead of its time rejects the whole message', async () => {
  const readings = [{ data: { v: 1 } }, { data: { v: 2 }, time: bench.clock.now() + 999_999 }];
  assert.equal((await bench.publish(bench.message('m', { readings })))[0].outcome, 'rejected:time_out_of_range');
  assert.deepEqual(await bench.state('m'), {});
});

test('no driver for the firmware is a rejection that names the firmware', async () => {
  await bench.device('d', { name: 'driverless' });
  const [receipt] = await bench.publish(bench.message('d', { v: 1 }, { firmware: '9.0.0' }));
  assert.equal(receipt.outcome, 'rejected:no_driver');
  assert.match(receipt.failure?.message ?? '', /"driverless".*"9\.0\.0"/);
});

test('what was stored is published as events, what was stale beside it, what was rejected to its device, duplicates not again', async () => {
  const fresh = bench.message('m', { v: 1 }, { 'message-id': 'm-1', time: 2000 });
  await bench.publish(fresh, fresh, bench.message('m', { v: 0 }, { time: 1000 }), bench.message('m', 'bad'));
  assert.deepEqual(
    bench.events.map(({ topic }) => topic),
    ['events/meter/m/telemetry', 'stale/meter/m/telemetry', 'devices/m/errors'],
  );
  const event = JSON.parse(bench.events[0].payload.toString());
  assert.equal(event.messageId, 'm-1');
  assert.equal(event.time, 2000);
  assert.equal(event.data.v, 1);
});

test('what the driver and the schema warned of goes out with the reading, and into history', async () => {
  await bench.publish(bench.message('m', { v: 1 }), bench.message('m', { v: 2, warnings: ['low battery'] }));
  assert.deepEqual(
    bench.events.map(({ payload }) => JSON.parse(payload.toString()).warnings),
    [undefined, ['low battery']],
  );
  const rows = await bench.store.readings.history({ deviceId: 'm', limit: 10 });
  assert.deepEqual(new Set(rows.map(({ warnings }) => warnings?.[0])), new Set([undefined, 'low battery']));
  assert.equal(bench.pipeline.numbers().warned, 1);
});

test('a device type that clamps takes the time of arrival where the clock of the device is wrong, and says so', async () => {
  await bench.device('c', { name: 'clamped', timePolicy: 'clamp', futureTimeMsMax: 1_000, pastTimeMsMax: 1_000 });
  const now = bench.clock.now();
  const readings = [now + 1_001, now - 1_001, now - 1_000].map((time) => ({ time, data: { time } }));
  const [receipt] = await bench.publish(bench.message('c', { readings }));
  assert.equal(receipt.outcome, 'applied');
  assert.deepEqual(
    bench.events.map(({ payload }) => JSON.parse(payload.toString()).time),
    [now, now, now - 1_000],
  );
  assert.match(JSON.parse(bench.events[0].payload.toString()).warnings[0], /clock of the device is wrong/);
});

test('a reading from before the limit is refused, where a device type has one', async () => {
  await bench.device('p', { name: 'punctual', pastTimeMsMax: 1_000 });
  const time = bench.clock.now() - 1_001;
  const [receipt] = await bench.publish(bench.message('p', { v: 1 }, { time }));
  assert.equal(receipt.outcome, 'rejected:time_out_of_range');
  assert.match(receipt.failure?.message ?? '', /at most 1000 ms behind are taken/);
});

test('readings that nobody listens to are stored and not published', async () => {
  bench.hears = (topic) => topic === 'stale/meter/m/telemetry';
  await bench.publish(bench.message('m', { v: 1 }, { time: 2000 }), bench.message('m', { v: 0 }, { time: 1000 }));
  assert.deepEqual(
    bench.events.map(({ topic }) => topic),
    ['stale/meter/m/telemetry'],
  );
  assert.equal((await bench.state('m')).v, 1);
});

test('a pipeline that stops answers what it has and refuses what comes', async () => {
  const waiter = new TestWaiter(1);
  bench.pipeline.sink.route('devices/m')?.admit(bench.message('m', { v: 1 }), waiter, 0);
  await bench.pipeline.stop();
  assert.equal(waiter.receipts[0].outcome, 'applied');
  const [receipt] = await bench.publish(bench.message('m', { v: 2 }));
  assert.equal(receipt.code, 'unavailable');
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
