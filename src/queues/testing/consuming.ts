import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, released } from '../../message.ts';
import { bound, type ContractBench } from './contract-bench.ts';
import { messageOf, turns } from './recording-consumer.ts';

export function consumingContract(on: ContractBench): void {
  describe('consuming', () => {
    test('a message arrives as it was published, and leaves when it is acknowledged', async () => {
      await on.engine.declare('orders', bound);
      const { consumer } = await on.consume('orders', 1);
      const properties = {
        contentType: 'text/plain',
        correlationData: Buffer.from([1, 2]),
        userProperties: [['a', '1'] as const],
      };
      await on.send('payload', { properties, qos: 2 });
      const delivery = await consumer.delivery(1);
      assert.deepEqual(delivery.message, messageOf('payload', { receivedAt: on.clock.now(), properties, qos: 2 }));
      assert.equal(delivery.queue, 'orders');
      assert.equal(delivery.attempt, 1);
      assert.equal(delivery.enqueuedAt, on.clock.now());
      assert.equal(delivery.settle(acknowledged), true);
      assert.equal(delivery.settle(acknowledged), false);
      assert.deepEqual(await on.payloadsIn('orders'), []);
    });

    test('what waits is delivered in order, within the credit', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2', '3', '4');
      const { consumer, consumption } = await on.consume('orders', 2);
      await consumer.delivery(2);
      await turns();
      assert.deepEqual(consumer.payloads, ['1', '2']);
      consumer.deliveries[0].settle(acknowledged);
      await consumer.delivery(3);
      consumption.setCredit(3);
      await consumer.delivery(4);
      assert.deepEqual(consumer.payloads, ['1', '2', '3', '4']);
    });

    test('a lower credit stops deliveries until what is out fits', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2', '3');
      const { consumer, consumption } = await on.consume('orders', 2);
      await consumer.delivery(2);
      consumption.setCredit(1);
      consumer.deliveries[0].settle(acknowledged);
      await turns();
      assert.equal(consumer.deliveries.length, 2);
      consumer.deliveries[1].settle(acknowledged);
      await consumer.delivery(3);
    });

    test('neither a consumer nor the queue holds more than the options allow', async () => {
      await on.engine.declare('orders', { ...bound, maxInflightPerConsumer: 2, maxInflight: 3 });
      await on.sendAll('1', '2', '3', '4', '5');
      const a = await on.consume('orders', 100, 'a');
      const b = await on.consume('orders', 100, 'b');
      await turns();
      assert.equal(a.consumer.deliveries.length + b.consumer.deliveries.length, 3);
      assert.ok(Math.max(a.consumer.deliveries.length, b.consumer.deliveries.length) <= 2);
      assert.equal((await on.engine.stats('orders')).leased, 3);
    });

    test('least_inflight gives to the consumer that holds the least', async () => {
      await on.engine.declare('orders', bound);
      const slow = await on.consume('orders', 100, 'slow');
      const quick = await on.consume('orders', 100, 'quick');
      for (let i = 0; i < 10; i++) {
        await on.send(`${i}`);
        for (const delivery of quick.consumer.deliveries) delivery.settle(acknowledged);
      }
      assert.ok(slow.consumer.deliveries.length <= 2, `slow got ${slow.consumer.deliveries.length}`);
    });

    test('consumers that have settled what they had take turns, whoever settles first', async () => {
      await on.engine.declare('orders', bound);
      const consumers = [await on.consume('orders', 100, 'a'), await on.consume('orders', 100, 'b')];
      const served: string[] = [];
      for (const payload of ['1', '2', '3', '4', '5', '6']) {
        const before = consumers.map(({ consumer }) => consumer.deliveries.length);
        await on.send(payload);
        const at = consumers.findIndex(({ consumer }, index) => consumer.deliveries.length > before[index]);
        consumers[at].consumer.deliveries.at(-1)?.settle(acknowledged);
        served.push('ab'[at]);
      }
      assert.match(served.join(''), /^(ab){3}$|^(ba){3}$/);
    });

    test('round_robin takes turns whatever the consumers hold', async () => {
      await on.engine.declare('orders', { ...bound, dispatch: 'round_robin' });
      const a = await on.consume('orders', 100, 'a');
      const b = await on.consume('orders', 100, 'b');
      await on.sendAll('1', '2', '3', '4');
      await turns();
      assert.equal(a.consumer.deliveries.length, 2);
      assert.equal(b.consumer.deliveries.length, 2);
    });

    test('stopping gives back what is held, uncounted, in its order and at once', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2', '3');
      const first = await on.consume('orders', 2);
      await first.consumer.delivery(2);
      first.consumption.stop();
      const second = await on.consume('orders', 10);
      await second.consumer.delivery(3);
      assert.deepEqual(second.consumer.payloads, ['1', '2', '3']);
      assert.deepEqual(
        second.consumer.deliveries.map((delivery) => delivery.attempt),
        [1, 1, 1],
      );
      assert.equal(first.consumer.deliveries[0].settle(acknowledged), false);
      assert.equal((await on.engine.stats('orders')).leased, 3);
    });

    test('a released message comes back in its place', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2', '3');
      const { consumer } = await on.consume('orders', 2);
      (await consumer.delivery(2)).settle(released);
      consumer.deliveries[0].settle(acknowledged);
      await turns();
      assert.deepEqual(consumer.payloads, ['1', '2', '2', '3']);
      assert.equal(consumer.deliveries[2].attempt, 1);
      assert.equal((await on.engine.stats('orders')).redelivered, 1);
    });
  });
}
