import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { bound, type ContractBench } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

export function dispatchingContract(on: ContractBench): void {
  describe('dispatching', () => {
    test('random gives everybody some', async () => {
      await on.engine.declare('orders', { ...bound, dispatch: 'random' });
      const all = await Promise.all(['a', 'b', 'c'].map((id) => on.consume('orders', 1_000, id)));
      await on.sendAll(...Array.from({ length: 60 }, (_, i) => `${i}`));
      await turns();
      const counts = all.map(({ consumer }) => consumer.deliveries.length);
      assert.equal(counts[0] + counts[1] + counts[2], 60);
      assert.ok(Math.min(...counts) > 0, `${counts}`);
    });

    test('no more goes out in a second than the queue allows', async () => {
      await on.engine.declare('orders', { ...bound, rateLimit: { out: 2 } });
      const { consumer } = await on.consume('orders', 10);
      await on.sendAll('1', '2', '3', '4');
      await turns();
      assert.deepEqual(consumer.payloads, ['1', '2']);
      on.clock.advance(500);
      await turns();
      assert.deepEqual(consumer.payloads, ['1', '2', '3']);
      await on.engine.declare('orders', { rateLimit: { out: 0 } });
      await turns();
      assert.deepEqual(consumer.payloads, ['1', '2', '3', '4']);
    });

    test('a message that is too old when its turn comes takes no part of the rate', async () => {
      await on.engine.declare('orders', { ...bound, rateLimit: { out: 1 } });
      const { consumer } = await on.consume('orders', 1);
      await on.send('first');
      await on.send('old', { properties: { messageExpiryInterval: 1 } });
      await on.send('new');
      on.clock.advance(1_000);
      consumer.deliveries[0].settle(acknowledged);
      await turns();
      assert.deepEqual(consumer.payloads, ['first', 'new']);
    });

    test('sticky gives a key to one consumer for as long as it is there', async () => {
      await on.engine.declare('orders', { ...bound, dispatch: 'sticky', orderingKey: 'topic' });
      const all = await Promise.all(['a', 'b', 'c'].map((id) => on.consume('orders', 1_000, id)));
      const topics = Array.from({ length: 15 }, (_, i) => `orders/${i}`);
      const holders = async (): Promise<Map<string, string>> => {
        for (const { consumer } of all) consumer.deliveries.length = 0;
        for (let i = 0; i < 2; i++) for (const topic of topics) await on.send('x', { topic });
        await turns();
        const found = new Map<string, string>();
        for (const { consumer } of all) {
          for (const { message } of consumer.deliveries) {
            assert.equal(found.get(message.topic) ?? consumer.id, consumer.id);
            found.set(message.topic, consumer.id);
          }
          for (const delivery of consumer.deliveries) delivery.settle(acknowledged);
        }
        return found;
      };
      const before = await holders();
      assert.equal(before.size, 15);
      assert.equal(new Set(before.values()).size, 3);
      all[2].consumption.stop();
      const after = await holders();
      for (const [topic, holder] of before) if (holder !== 'c') assert.equal(after.get(topic), holder);
    });

    test('of a queue with a single active consumer one gets everything, and the next when it goes', async () => {
      await on.engine.declare('orders', { ...bound, singleActiveConsumer: true });
      const first = await on.consume('orders', 2, 'first');
      const second = await on.consume('orders', 100, 'second');
      await on.sendAll('1', '2', '3', '4');
      await turns();
      assert.deepEqual([first.consumer.payloads, second.consumer.payloads], [['1', '2'], []]);
      first.consumer.deliveries[0].settle(acknowledged);
      first.consumption.stop();
      await turns();
      assert.deepEqual(second.consumer.payloads, ['2', '3', '4']);
      await on.engine.declare('orders', { singleActiveConsumer: false });
      const third = await on.consume('orders', 100, 'third');
      await on.sendAll('5', '6', '7', '8');
      await turns();
      assert.ok(third.consumer.deliveries.length > 0);
    });
  });
}
