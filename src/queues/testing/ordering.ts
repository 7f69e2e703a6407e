import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type Delivery } from '../../message.ts';
import { bound, type ContractBench, failed, fixedBackoff, rejected } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

const byTopic = { ...bound, ordering: 'key', orderingKey: 'topic', backoff: fixedBackoff } as const;
const inTotal = { ...bound, ordering: 'total', backoff: fixedBackoff } as const;

export function orderingContract(on: ContractBench): void {
  const send = (topic: string, payload: string): Promise<void> => on.send(payload, { topic: `orders/${topic}` });
  const sendAll = async (...texts: string[]): Promise<void> => {
    for (const text of texts) await send(text[0], text);
  };
  const take = (deliveries: Delivery[], payload: string): Delivery => {
    const at = deliveries.findLastIndex(({ message }) => message.payload.toString() === payload);
    assert.ok(at >= 0, `${payload} was not delivered`);
    return deliveries[at];
  };

  describe('ordering', () => {
    test('of a key one message is out at a time, whoever consumes, and others go on', async () => {
      await on.engine.declare('orders', byTopic);
      const one = await on.consume('orders', 10, 'one');
      const two = await on.consume('orders', 10, 'two');
      await sendAll('a1', 'a2', 'b1', 'a3', 'b2', 'c1');
      await turns();
      const out = (): string[] => [...one.consumer.payloads, ...two.consumer.payloads].sort();
      assert.deepEqual(out(), ['a1', 'b1', 'c1']);
      take([...one.consumer.deliveries, ...two.consumer.deliveries], 'a1').settle(acknowledged);
      await turns();
      assert.deepEqual(out(), ['a1', 'a2', 'b1', 'c1']);
      assert.deepEqual(await on.payloadsIn('orders'), ['a2', 'b1', 'a3', 'b2', 'c1']);
    });

    test('what waited behind a message goes when that one is moved away', async () => {
      await on.engine.declare('orders', byTopic);
      await on.engine.declare('parked', {});
      const { consumer } = await on.consume('orders', 10);
      await sendAll('a1', 'b1');
      await turns();
      for (const delivery of consumer.deliveries) delivery.settle(failed);
      await sendAll('a2', 'b2');
      const { id } = await on.engine.startMove({
        from: 'orders',
        to: 'parked',
        filter: { topic: 'orders/a' },
        limit: 1,
      });
      await on.engine.moveStatus(id, 1);
      await consumer.delivery(3);
      assert.deepEqual(consumer.payloads, ['a1', 'b1', 'a2']);
    });

    test('a failed message holds up its key until it was tried again, and no other', async () => {
      await on.engine.declare('orders', byTopic);
      const { consumer } = await on.consume('orders', 10);
      await sendAll('a1', 'a2', 'b1');
      await turns();
      take(consumer.deliveries, 'a1').settle(failed);
      await sendAll('b2', 'a3');
      take(consumer.deliveries, 'b1').settle(acknowledged);
      await turns();
      assert.deepEqual(consumer.payloads, ['a1', 'b1', 'b2']);
      on.clock.advance(5_000);
      await turns();
      assert.deepEqual(consumer.payloads.slice(3), ['a1']);
      take(consumer.deliveries, 'a1').settle(acknowledged);
      await turns();
      assert.deepEqual(consumer.payloads.slice(4), ['a2']);
    });

    for (const [name, options] of [
      ['by key', byTopic],
      ['total', inTotal],
    ] as const) {
      test(`${name}: the order holds over a restart while a message waits for its next try`, async () => {
        await on.engine.declare('orders', options);
        const { consumer, consumption } = await on.consume('orders', 10);
        await sendAll('a1', 'a2', 'a3');
        await turns();
        assert.deepEqual(consumer.payloads, ['a1']);
        consumer.deliveries[0].settle(failed);
        consumption.stop();
        await on.reopen();
        const after = await on.consume('orders', 10);
        await turns();
        assert.deepEqual(after.consumer.payloads, []);
        on.clock.advance(5_000);
        await turns();
        for (const expected of ['a1', 'a2', 'a3']) {
          assert.equal(after.consumer.payloads.at(-1), expected);
          after.consumer.deliveries.at(-1)?.settle(acknowledged);
          await turns();
        }
        assert.equal((await on.engine.stats('orders')).ready, 0);
      });

      test(`${name}: what a consumer gives back comes before what is behind it`, async () => {
        await on.engine.declare('orders', options);
        const first = await on.consume('orders', 10);
        await sendAll('a1', 'a2');
        await turns();
        first.consumption.stop();
        const second = await on.consume('orders', 10);
        await turns();
        assert.deepEqual(second.consumer.payloads, ['a1']);
        on.clock.advance(31_000);
        await turns();
        on.clock.advance(5_000);
        await turns();
        const third = await on.consume('orders', 10, 'third');
        await turns();
        assert.deepEqual([...second.consumer.payloads, ...third.consumer.payloads], ['a1', 'a1']);
      });

      test(`${name}: a message that is given up makes way`, async () => {
        await on.engine.declare('orders', options);
        const { consumer } = await on.consume('orders', 10);
        await sendAll('a1', 'a2');
        await turns();
        consumer.deliveries[0].settle(rejected);
        await turns();
        assert.deepEqual(consumer.payloads, ['a1', 'a2']);
        assert.deepEqual(await on.payloadsIn('orders.dead'), ['a1']);
      });

      test(`${name}: what waits behind another can be purged`, async () => {
        await on.engine.declare('orders', options);
        const { consumer } = await on.consume('orders', 10);
        await sendAll('a1', 'a2', 'a3');
        await turns();
        assert.equal(await on.engine.purge('orders'), 2);
        consumer.deliveries[0].settle(acknowledged);
        await send('a', 'a4');
        await turns();
        assert.deepEqual(consumer.payloads, ['a1', 'a4']);
        assert.equal((await on.engine.stats('orders')).dropped.purged, 2);
      });
    }

    test('in total order nothing passes a message that waits for its next try', async () => {
      await on.engine.declare('orders', inTotal);
      const { consumer } = await on.consume('orders', 10);
      await sendAll('a1', 'b1', 'c1');
      await turns();
      consumer.deliveries[0].settle(failed);
      await turns();
      assert.deepEqual(consumer.payloads, ['a1']);
      on.clock.advance(5_000);
      await turns();
      assert.deepEqual(consumer.payloads, ['a1', 'a1']);
    });

    test('where one that waits for its next try expires, those behind it go', async () => {
      const backoff = { ...fixedBackoff, initialMs: 600_000, maxMs: 600_000 };
      await on.engine.declare('orders', { ...byTopic, backoff, ttlMs: 60_000 });
      const { consumer } = await on.consume('orders', 10);
      await send('a', 'a1');
      await turns();
      consumer.deliveries[0].settle(failed);
      on.clock.advance(59_000);
      await send('a', 'a2');
      await turns();
      assert.deepEqual(consumer.payloads, ['a1']);
      on.clock.advance(1_000);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      await turns();
      assert.deepEqual(consumer.payloads, ['a1', 'a2']);
    });

    test('where one that failed goes just after a restart, those behind it go', async () => {
      const backoff = { ...fixedBackoff, initialMs: 600_000, maxMs: 600_000 };
      await on.engine.declare('orders', { ...byTopic, backoff, maxDeliveries: 3 });
      const before = await on.consume('orders', 10);
      await sendAll('a1', 'a2');
      await turns();
      before.consumer.deliveries[0].settle(failed);
      await on.engine.declare('orders', { paused: true });
      await on.reopen();
      const { consumer } = await on.consume('orders', 10);
      const purged = on.engine.purge('orders');
      // The rows of what is purged are still on disk.
      await on.until(async () => (await on.engine.stats('orders')).dropped.purged === 2);
      await Promise.all([on.engine.declare('orders', { paused: false }), purged]);
      await send('a', 'a3');
      await turns();
      assert.deepEqual(consumer.payloads, ['a3']);
    });

    test('messages without the key keep no order', async () => {
      await on.engine.declare('orders', { ...byTopic, orderingKey: 'json:$.device' });
      const { consumer } = await on.consume('orders', 10);
      for (const payload of ['{"device":1}', 'no JSON', '{}', '{"device":1}']) await on.send(payload);
      await turns();
      assert.deepEqual(consumer.payloads, ['{"device":1}', 'no JSON', '{}']);
    });
  });
}
