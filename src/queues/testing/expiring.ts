import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, released } from '../../message.ts';
import { bound, type ContractBench, failed, fixedBackoff } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

const minuteMs = 60_000;
const codesIn = async (on: ContractBench, queue: string): Promise<string[]> => {
  const { messages } = await on.engine.browse(queue, { from: 0, limit: 1_000 });
  return messages.map(({ message, death }) => `${message.payload} ${death?.code} ${death?.attempts}`);
};

export function expiringContract(on: ContractBench): void {
  describe('expiring', () => {
    test('what waits longer than the queue allows becomes a dead letter without a consumer', async () => {
      await on.engine.declare('orders', { ...bound, ttlMs: minuteMs });
      await on.sendAll('1', '2');
      on.clock.advance(minuteMs / 2);
      await on.send('3');
      on.clock.advance(minuteMs / 2);
      await on.until(async () => (await on.engine.stats('orders')).expired === 2);
      assert.deepEqual(await on.payloadsIn('orders'), ['3']);
      assert.deepEqual(await codesIn(on, 'orders.dead'), ['1 expired 0', '2 expired 0']);
      on.clock.advance(minuteMs / 2);
      await on.until(async () => (await on.engine.stats('orders')).expired === 3);
      const { enqueued, deadLettered, ready } = await on.engine.stats('orders');
      assert.deepEqual({ enqueued, deadLettered, ready }, { enqueued: 3, deadLettered: 0, ready: 0 });
    });

    test('an expiry of its own ends a message without a consumer, whatever stands before it', async () => {
      await on.engine.declare('orders', bound);
      await on.send('stays');
      await on.send('late', { properties: { messageExpiryInterval: 20 } });
      await on.send('soon', { properties: { messageExpiryInterval: 10 } });
      on.clock.advance(10_000);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      assert.deepEqual(await on.payloadsIn('orders'), ['stays', 'late']);
      on.clock.advance(10_000);
      await on.until(async () => (await on.engine.stats('orders')).expired === 2);
      assert.deepEqual(await codesIn(on, 'orders.dead'), ['soon expired 0', 'late expired 0']);
    });

    for (const durability of ['async', 'memory'] as const) {
      test(`where nothing waits for the disk (${durability}) messages expire all the same`, async () => {
        await on.engine.declare('orders', { ...bound, durability, ttlMs: 2 * minuteMs });
        await on.send('own', { properties: { messageExpiryInterval: 60 } });
        await on.send('queue');
        on.clock.advance(minuteMs);
        await on.until(async () => (await on.engine.stats('orders')).expired === 1);
        assert.deepEqual(await on.payloadsIn('orders'), ['queue']);
        on.clock.advance(minuteMs);
        await on.until(async () => (await on.engine.stats('orders')).expired === 2);
        assert.deepEqual(await codesIn(on, 'orders.dead'), ['own expired 0', 'queue expired 0']);
      });
    }

    test('the shorter of both ends it', async () => {
      await on.engine.declare('orders', { ...bound, ttlMs: minuteMs });
      await on.send('own', { properties: { messageExpiryInterval: 30 } });
      await on.send('queue', { properties: { messageExpiryInterval: 90 } });
      on.clock.advance(30_000);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      assert.deepEqual(await on.payloadsIn('orders'), ['queue']);
      on.clock.advance(30_000);
      await on.until(async () => (await on.engine.stats('orders')).expired === 2);
    });

    test('a queue may drop what expires, and counts it', async () => {
      await on.engine.declare('orders', { ...bound, ttlMs: minuteMs, expired: 'drop' });
      await on.send('1');
      on.clock.advance(minuteMs);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      assert.deepEqual(
        (await on.engine.list()).map(({ name }) => name),
        ['orders'],
      );
    });

    test('what expired while the engine was down is found when it is up again', async () => {
      await on.engine.declare('orders', { ...bound, ttlMs: 2 * minuteMs });
      await on.send('1');
      await on.send('2', { properties: { messageExpiryInterval: 60 } });
      await on.reopen();
      on.clock.advance(minuteMs);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      assert.deepEqual(await codesIn(on, 'orders.dead'), ['2 expired 0']);
      await on.reopen();
      on.clock.advance(minuteMs);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      assert.deepEqual(await codesIn(on, 'orders.dead'), ['2 expired 0', '1 expired 0']);
    });

    test('another ttl holds for what waits already', async () => {
      await on.engine.declare('orders', { ...bound, ttlMs: 0 });
      await on.send('1');
      on.clock.advance(10 * minuteMs);
      await on.engine.declare('orders', { ttlMs: 20 * minuteMs });
      await turns();
      assert.deepEqual(await on.payloadsIn('orders'), ['1']);
      await on.engine.declare('orders', { ttlMs: minuteMs });
      on.clock.advance(1_000);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
    });

    test('what a consumer holds does not expire, and what it gives back too late does', async () => {
      await on.engine.declare('orders', { ...bound, ttlMs: minuteMs, leaseMs: 5 * minuteMs });
      const { consumer } = await on.consume('orders', 3);
      await on.sendAll('1', '2', '3');
      await consumer.delivery(3);
      on.clock.advance(2 * minuteMs);
      await turns();
      assert.equal((await on.engine.stats('orders')).leased, 3);
      const [first, second, third] = consumer.deliveries;
      assert.equal(first.settle(acknowledged), true);
      assert.equal(second.settle(released), true);
      assert.equal(third.settle(failed), true);
      await turns();
      const { acknowledged: done, expired, ready, scheduled } = await on.engine.stats('orders');
      assert.deepEqual({ done, expired, ready, scheduled }, { done: 1, expired: 2, ready: 0, scheduled: 0 });
      assert.deepEqual(await codesIn(on, 'orders.dead'), ['2 expired 0', '3 expired 1']);
    });

    test('a consumer can say that it expired on the way', async () => {
      await on.engine.declare('orders', bound);
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      assert.equal((await consumer.delivery(1)).settle({ kind: 'expired' }), true);
      const { expired, deadLettered } = await on.engine.stats('orders');
      assert.deepEqual({ expired, deadLettered }, { expired: 1, deadLettered: 0 });
      assert.deepEqual(await codesIn(on, 'orders.dead'), ['1 expired 0']);
    });

    test('what waits for its next try expires before it', async () => {
      await on.engine.declare('orders', {
        ...bound,
        ttlMs: minuteMs,
        backoff: { ...fixedBackoff, initialMs: 600_000, maxMs: 600_000 },
      });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      (await consumer.delivery(1)).settle(failed);
      on.clock.advance(minuteMs);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      assert.deepEqual(await codesIn(on, 'orders.dead'), ['1 expired 1']);
      assert.equal((await on.engine.stats('orders')).scheduled, 0);
    });

    test('a dead letter does not expire', async () => {
      await on.engine.declare('orders.dead', { deadLetter: null, ttlMs: minuteMs });
      await on.engine.declare('orders', { ...bound, ttlMs: minuteMs });
      await on.send('1');
      on.clock.advance(minuteMs);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      on.clock.advance(10 * minuteMs);
      await turns();
      assert.deepEqual(await on.payloadsIn('orders.dead'), ['1']);
    });
  });
}
