import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type MessageProperties } from '../../message.ts';
import { bound, type ContractBench, failed } from './contract-bench.ts';
import { RecordingConsumer, turns } from './recording-consumer.ts';

const minuteMs = 60_000;
const delayed = (delay: string): { properties: MessageProperties } => ({
  properties: { userProperties: [['sluice-delay', delay]] },
});

export function delayingContract(on: ContractBench): void {
  describe('delaying', () => {
    test('a delay of the queue holds every message back, and no consumer gets it early', async () => {
      await on.engine.declare('orders', { ...bound, delayMs: minuteMs });
      const { consumer } = await on.consume('orders', 10);
      await on.send('1');
      on.clock.advance(minuteMs / 2);
      await on.send('2');
      const [stored] = (await on.engine.browse('orders', { from: 0, limit: 1 })).messages;
      assert.equal(stored.state, 'scheduled');
      assert.equal(stored.attempts, 0);
      assert.equal(stored.availableAt, on.clock.now() + minuteMs / 2);
      on.clock.advance(minuteMs / 2 - 1);
      await turns();
      assert.deepEqual(consumer.payloads, []);
      on.clock.advance(1);
      assert.equal((await consumer.delivery(1)).attempt, 1);
      on.clock.advance(minuteMs / 2);
      await consumer.delivery(2);
      assert.deepEqual(consumer.payloads, ['1', '2']);
    });

    test('what a message says of its own delay goes before what its queue says', async () => {
      await on.engine.declare('orders', { ...bound, delayMs: minuteMs });
      const consumer = new RecordingConsumer('all', { acknowledges: true });
      await on.engine.consume('orders', consumer, { credit: 10 });
      await on.send('longer', delayed('90000'));
      await on.send('none', delayed('0'));
      await on.send('shorter', delayed('30000'));
      assert.equal((await consumer.delivery(1)).message.payload.toString(), 'none');
      for (const _ of [1, 2, 3]) on.clock.advance(30_000);
      await consumer.delivery(3);
      assert.deepEqual(consumer.payloads, ['none', 'shorter', 'longer']);
    });

    test('a delay that is no number of milliseconds up to 365 days is refused by all queues of the publish', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('copies', bound);
      for (const delay of ['soon', '-1', '1.5', '', '31536000001', '9'.repeat(400)]) {
        await assert.rejects(on.send('1', delayed(delay)), { code: 'invalid_argument' }, delay);
      }
      assert.deepEqual([await on.payloadsIn('orders'), await on.payloadsIn('copies')], [[], []]);
      await on.send('1', delayed('31536000000'));
      assert.equal((await on.engine.stats('orders')).scheduled, 1);
    });

    test('a delay survives a restart, and is over for what came due meanwhile', async () => {
      await on.engine.declare('orders', bound);
      await on.send('soon', delayed('1000'));
      await on.send('late', delayed(String(minuteMs)));
      await on.reopen();
      on.clock.advance(1_000);
      const consumer = new RecordingConsumer('all', { acknowledges: true });
      await on.engine.consume('orders', consumer, { credit: 10 });
      await consumer.delivery(1);
      assert.deepEqual(consumer.payloads, ['soon']);
      on.clock.advance(minuteMs);
      await consumer.delivery(2);
      assert.deepEqual(consumer.payloads, ['soon', 'late']);
    });

    test('another delay holds for new messages', async () => {
      await on.engine.declare('orders', { ...bound, delayMs: minuteMs });
      await on.send('before');
      await on.engine.declare('orders', { delayMs: 0 });
      await on.send('after');
      const { ready, scheduled } = await on.engine.stats('orders');
      assert.deepEqual({ ready, scheduled }, { ready: 1, scheduled: 1 });
    });

    test('a delay is no part of the wait that the queue allows, but of its own expiry', async () => {
      await on.engine.declare('orders', { ...bound, ttlMs: minuteMs });
      await on.send('queue', delayed(String(2 * minuteMs)));
      const properties = { ...delayed(String(2 * minuteMs)).properties, messageExpiryInterval: 60 };
      await on.send('own', { properties });
      on.clock.advance(minuteMs);
      await on.until(async () => (await on.engine.stats('orders')).expired === 1);
      assert.deepEqual(await on.payloadsIn('orders'), ['queue']);
      on.clock.advance(2 * minuteMs - 1);
      await turns();
      assert.equal((await on.engine.stats('orders')).ready, 1);
      on.clock.advance(1);
      await on.until(async () => (await on.engine.stats('orders')).expired === 2);
    });

    test('what is delayed can be purged and moved, and moves without its delay', async () => {
      await on.engine.declare('orders', { ...bound, delayMs: minuteMs });
      await on.engine.declare('others', { delayMs: minuteMs });
      await on.sendAll('1', '2');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'others', limit: 1 });
      assert.equal((await on.engine.moveStatus(id, 1)).moved, 1);
      assert.equal((await on.engine.stats('others')).ready, 1);
      assert.equal(await on.engine.purge('orders'), 1);
      on.clock.advance(minuteMs);
      const { consumer } = await on.consume('orders', 10);
      await turns();
      assert.deepEqual(consumer.payloads, []);
    });

    test('one that was delayed fails and is tried again as others are', async () => {
      const backoff = { kind: 'linear', initialMs: 1_000, maxMs: 2_500, jitter: 0 } as const;
      await on.engine.declare('orders', { ...bound, delayMs: minuteMs, backoff });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      on.clock.advance(minuteMs);
      for (const [failure, delayMs] of [1_000, 2_000, 2_500].entries()) {
        (await consumer.delivery(failure + 1)).settle(failed);
        on.clock.advance(delayMs - 1);
        await turns();
        assert.equal(consumer.deliveries.length, failure + 1);
        on.clock.advance(1);
      }
      const last = await consumer.delivery(4);
      assert.equal(last.attempt, 4);
      last.settle(acknowledged);
      assert.equal((await on.engine.stats('orders')).acknowledged, 1);
    });

    test('a list of delays is gone through, and its last one stands for what follows', async () => {
      const backoff = { kind: 'list', delaysMs: [5_000, 1_000], jitter: 0, maxMs: 1 } as const;
      await on.engine.declare('orders', { ...bound, backoff, maxDeliveries: 0 });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      for (const [failure, delayMs] of [5_000, 1_000, 1_000].entries()) {
        (await consumer.delivery(failure + 1)).settle(failed);
        const [stored] = (await on.engine.browse('orders', { from: 0, limit: 1 })).messages;
        assert.equal((stored.availableAt ?? 0) - on.clock.now(), delayMs);
        on.clock.advance(delayMs);
      }
    });
  });
}
