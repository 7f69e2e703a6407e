import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { type Message, type Settlement, userProperty } from '../message.ts';
import { TestBench, testDelivery } from './testing/test-bench.ts';

let bench: TestBench;
beforeEach(async () => {
  bench = await TestBench.open({ queuedMessagesMax: 3 });
  await bench.device('q', { name: 'sensor', mode: 'queued' });
});
afterEach(() => bench.close());

test('a message of a queued type goes to the queue, whose receipt is the answer', async () => {
  const [receipt] = await bench.publish(bench.message('q', { v: 1 }));
  assert.deepEqual([receipt.code, receipt.outcome], [undefined, undefined]);
  assert.equal(bench.queue.admitted.length, 1);
  assert.deepEqual(await bench.state('q'), {});
});

test('a message gets its id before it is enqueued, so that every delivery has the same one', async () => {
  await bench.publish(bench.message('q', { v: 1 }), bench.message('q', { messageId: 'own', v: 2 }));
  const [made, own] = bench.queue.admitted;
  assert.match(userProperty(made, 'sluice-message-id') ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
  assert.equal(userProperty(own, 'sluice-message-id'), undefined);
  assert.deepEqual(await bench.deliver(made, made, own), [acknowledged, acknowledged, acknowledged]);
  assert.deepEqual(bench.pipeline.numbers().outcomes, { applied: 2, duplicate: 1 });
});

test('whatever names a network server gives, the message is taken and processed', async () => {
  const odd = { end_device_ids: { device_id: 'q', dev_eui: { toString: 1 } }, uplink_message: { frm_payload: 'AQ==' } };
  const [receipt] = await bench.publish(bench.message('q', odd));
  assert.equal(receipt.code, undefined);
  const [settlement] = await bench.deliver(...bench.queue.admitted);
  assert.equal(settlement.kind, 'acknowledged');
});

test('a message that is delivered as it arrives is processed from a copy', async () => {
  const message = bench.message('q', { v: 1 });
  const settled = bench.deliver(message);
  message.payload.fill(0xee);
  assert.deepEqual(await settled, [acknowledged]);
  assert.equal((await bench.state('q')).v, 1);
});

test('a crash between the commit and the settlement costs nothing: the redelivery is a duplicate and acknowledged', async () => {
  await bench.publish(bench.message('q', { v: 1 }));
  const [message] = bench.queue.admitted;
  await bench.deliver(message);
  const before = await bench.store.readings.history({ deviceId: 'q', limit: 9 });
  await bench.pipeline.stop();
  await bench.pipeline.start();
  assert.deepEqual(await bench.deliver(message), [acknowledged]);
  assert.deepEqual(await bench.store.readings.history({ deviceId: 'q', limit: 9 }), before);
});

test('a delivery is settled by its verdict, with the headers of a dead letter', async () => {
  const settlements = await bench.deliver(
    bench.message('q', { v: 1 }),
    bench.message('q', 'no JSON', { 'message-id': 'bad' }),
    bench.message('nobody', { v: 1 }),
  );
  assert.deepEqual(
    settlements.map((settlement) => [settlement.kind, 'code' in settlement ? settlement.code : undefined]),
    [
      ['acknowledged', undefined],
      ['rejected', 'driver_failed'],
      ['rejected', 'device_unknown'],
    ],
  );
  const headers = Object.fromEntries(settlements[1].kind === 'rejected' ? (settlements[1].headers ?? []) : []);
  assert.match(headers.fingerprint, /^[0-9a-f]{16}$/);
  assert.equal(headers['message-id'], 'bad');
  assert.equal(headers['device-type'], 'sensor');
});

test('the dead letter of a message whose device is retired, or known to be nobody, has what is known of the message', async () => {
  await bench.device('old', { name: 'sensor', mode: 'queued' }, { retired: true });
  const of = (id: string, messageId: string): Message => bench.message(id, { v: 1 }, { 'message-id': messageId });
  const settlements = [
    ...(await bench.deliver(of('nobody', 'first'), of('old', 'second'))),
    ...(await bench.deliver(of('nobody', 'third'), of('old', 'fourth'))),
  ];
  const told = settlements.map((settlement) => {
    if (settlement.kind !== 'rejected') return [settlement.kind];
    const headers = Object.fromEntries(settlement.headers ?? []);
    return [settlement.code, headers['message-id'], headers['device-type']];
  });
  assert.deepEqual(told, [
    ['device_unknown', 'first', undefined],
    ['device_retired', 'second', 'sensor'],
    ['device_unknown', 'third', undefined],
    ['device_retired', 'fourth', 'sensor'],
  ]);
});

test('the dead letter of a message that says something wrong has the id that it says right', async () => {
  const settlements = await bench.deliver(
    bench.message('q', { v: 1 }, { 'message-id': 'named', time: 'garbage' }),
    bench.message('q', { messageId: 'in-the-payload', v: 1 }, { seq: 'abc' }),
    bench.message('q', { v: 1 }, { 'message-id': 'x'.repeat(65) }),
  );
  const told = settlements.map((settlement) =>
    settlement.kind === 'rejected'
      ? [settlement.code, Object.fromEntries(settlement.headers ?? [])['message-id']]
      : [settlement.kind],
  );
  assert.deepEqual(told, [
    ['invalid_argument', 'named'],
    ['invalid_argument', 'in-the-payload'],
    ['invalid_argument', undefined],
  ]);
});

test('a delivery that cannot be stored fails and is to come again', async () => {
  bench.storeProblem = new SluiceError('storage_failed', 'disk full');
  const [settlement] = await bench.deliver(bench.message('q', { v: 1 }));
  assert.equal(settlement.kind, 'failed');
  assert.equal('code' in settlement && settlement.code, 'storage_failed');
});

test('a delivery on a topic that is no topic of readings is rejected', async () => {
  const settlements = await bench.deliver(
    { ...bench.message('q', {}), topic: 'other' },
    { ...bench.message('q', {}), topic: 'devices/a b' },
  );
  for (const settlement of settlements) {
    assert.equal(settlement.kind === 'rejected' && settlement.code, 'invalid_topic');
  }
});

test('more deliveries than queuedMessagesMax are given back, and so is what comes after the stop', async () => {
  const settlements = await bench.deliver(...[1, 2, 3, 4].map((v) => bench.message('q', { v })));
  assert.deepEqual(
    settlements.map(({ kind }) => kind),
    ['acknowledged', 'acknowledged', 'acknowledged', 'released'],
  );
  await bench.pipeline.stop();
  let settled: Settlement | undefined;
  bench.pipeline.consumer.deliver(
    testDelivery(bench.message('q', {}), 1, (settlement) => {
      settled = settlement;
    }),
  );
  assert.deepEqual(settled, { kind: 'released' });
});

test('a queue that takes nothing is an answer, not a silence', async () => {
  bench.queue.closed = true;
  const [receipt] = await bench.publish(bench.message('q', { v: 1 }));
  assert.equal(receipt.code, 'unavailable');
});

test('the mode of a type changes for the next message', async () => {
  await bench.device('q', { name: 'sensor', mode: 'inline' });
  const [receipt] = await bench.publish(bench.message('q', { v: 1 }));
  assert.equal(receipt.outcome, 'applied');
  assert.equal(bench.queue.admitted.length, 0);
});

const acknowledged = { kind: 'acknowledged' };

test('advice is of what devices send: a message that was put back is in no rate and no time', async () => {
  const deliver = (message: Message, putBackMs: number): Promise<Settlement> =>
    new Promise((resolve) => {
      bench.pipeline.consumer.deliver(testDelivery(message, 1, resolve, message.receivedAt + putBackMs));
    });
  assert.deepEqual(await deliver(bench.message('q', { v: 1 }), 3_600_000), acknowledged);
  assert.deepEqual((await bench.pipeline.advisor.advise()).advice, []);
  assert.deepEqual(await deliver(bench.message('q', { v: 2 }), 0), acknowledged);
  const { advice } = await bench.pipeline.advisor.advise();
  assert.deepEqual([advice.length, advice[0].queuedMsP99], [1, 0]);
  assert.deepEqual(bench.pipeline.numbers().outcomes, { applied: 2 });
});
