import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { droppedOf } from '../queue-stats.ts';
import { bound, type ContractBench, failed, fixedBackoff, rejected } from './contract-bench.ts';
import { messageOf, turns } from './recording-consumer.ts';

export function failingContract(on: ContractBench): void {
  describe('failing', () => {
    test('a failed message waits for its back-off and counts', async () => {
      await on.engine.declare('orders', { ...bound, backoff: fixedBackoff });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      (await consumer.delivery(1)).settle(failed);
      assert.equal((await on.engine.stats('orders')).scheduled, 1);
      const [stored] = (await on.engine.browse('orders', { from: 0, limit: 1 })).messages;
      assert.equal(stored.state, 'scheduled');
      assert.equal(stored.availableAt, on.clock.now() + 5_000);
      assert.equal(stored.lastError, 'driver_failed: no luck');
      on.clock.advance(4_999);
      await turns();
      assert.equal(consumer.deliveries.length, 1);
      on.clock.advance(1);
      assert.equal((await consumer.delivery(2)).attempt, 2);
    });

    test('the back-off grows and is spread by its jitter', async () => {
      const backoff = { kind: 'exponential', initialMs: 1_000, factor: 2, maxMs: 3_000, jitter: 0.5 } as const;
      await on.engine.declare('orders', { ...bound, backoff, maxDeliveries: 0 });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      for (const [attempt, delay] of [1_000, 2_000, 3_000, 3_000].entries()) {
        (await consumer.delivery(attempt + 1)).settle(failed);
        const [stored] = (await on.engine.browse('orders', { from: 0, limit: 1 })).messages;
        const waits = (stored.availableAt ?? 0) - on.clock.now();
        assert.ok(waits >= delay * 0.5 && waits <= delay * 1.5, `attempt ${attempt + 1} waits ${waits}`);
        on.clock.advance(waits);
      }
    });

    test('without back-off it is tried again at once', async () => {
      await on.engine.declare('orders', { ...bound, backoff: { ...fixedBackoff, kind: 'none' } });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      (await consumer.delivery(1)).settle(failed);
      assert.equal((await consumer.delivery(2)).attempt, 2);
      await on.reopen();
      on.clock.advance(0);
      const { ready, scheduled } = await on.engine.stats('orders');
      assert.deepEqual({ ready, scheduled }, { ready: 1, scheduled: 0 });
      assert.equal((await (await on.consume('orders', 1)).consumer.delivery(1)).attempt, 2);
    });

    test('after its last delivery it is a dead letter that tells its story', async () => {
      await on.engine.declare('orders', { ...bound, maxDeliveries: 2, backoff: fixedBackoff });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      const firstFailureAt = on.clock.now();
      const { sequence } = await consumer.delivery(1);
      consumer.deliveries[0].settle(failed);
      await turns();
      on.clock.advance(5_000);
      (await consumer.delivery(2)).settle(failed);
      const [dead] = (await on.engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
      assert.deepEqual(dead.death, {
        queue: 'orders',
        sequence,
        code: 'driver_failed',
        reason: 'no luck',
        attempts: 2,
        firstFailureAt,
        lastFailureAt: on.clock.now(),
        headers: [],
      });
      assert.equal(dead.message.payload.toString(), '1');
      assert.deepEqual(await on.payloadsIn('orders'), []);
      assert.equal((await on.engine.info('orders.dead')).options.deadLetter, null);
    });

    test('a rejected message is a dead letter at once, with what its consumer said', async () => {
      await on.engine.declare('orders', bound);
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      (await consumer.delivery(1)).settle(rejected);
      const [dead] = (await on.engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
      assert.equal(dead.death?.code, 'schema_violation');
      assert.equal(dead.death?.attempts, 1);
      assert.deepEqual(dead.death?.headers, [['stage', 'validate']]);
    });

    test('a queue without dead letters drops and counts', async () => {
      await on.engine.declare('orders', { ...bound, deadLetter: null });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      (await consumer.delivery(1)).settle(rejected);
      const stats = await on.engine.stats('orders');
      assert.equal(stats.dropped.no_dead_letters, 1);
      assert.equal(stats.deadLettered, 0);
      assert.deepEqual(
        (await on.engine.list()).map((info) => info.name),
        ['orders'],
      );
    });

    test('a message that expired before its delivery is a dead letter with code expired', async () => {
      await on.engine.declare('orders', bound);
      await on.send('old', { properties: { messageExpiryInterval: 10 } });
      await on.send('fresh', { properties: { messageExpiryInterval: 100 } });
      on.clock.advance(10_000);
      const { consumer } = await on.consume('orders', 10);
      await consumer.delivery(1);
      assert.deepEqual(consumer.payloads, ['fresh']);
      const [dead] = (await on.engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
      assert.equal(dead.death?.code, 'expired');
      assert.equal(dead.death?.attempts, 0);
      const { expired, deadLettered } = await on.engine.stats('orders');
      assert.deepEqual({ expired, deadLettered }, { expired: 1, deadLettered: 0 });
    });

    test('a dead letter does not expire: it waits for whoever consumes it', async () => {
      await on.engine.declare('orders', bound);
      await on.send('old', { properties: { messageExpiryInterval: 10, contentType: 'text/plain' } });
      on.clock.advance(10_000);
      await on.consume('orders', 10);
      await turns();
      on.clock.advance(10_000);
      const { consumer } = await on.consume('orders.dead', 10);
      await turns();
      assert.deepEqual(consumer.payloads, ['old']);
      assert.deepEqual(
        [consumer.deliveries[0].death?.queue, consumer.deliveries[0].death?.code],
        ['orders', 'expired'],
      );
      // Whoever passes it on must not find it too old either; the stored message stays what it was.
      assert.deepEqual(consumer.deliveries[0].message.properties, { contentType: 'text/plain' });
      const [stored] = (await on.engine.browse('orders.dead', { from: 0, limit: 1 })).messages;
      assert.equal(stored.message.properties?.messageExpiryInterval, 10);
      assert.equal(consumer.deliveries[0].settle(acknowledged), true);
      const stats = await on.engine.stats('orders.dead');
      assert.deepEqual([stats.expired, droppedOf(stats)], [0, 0]);
    });

    test('a message can be buried without having been delivered', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.bury('orders', messageOf('unseen'), { code: 'no_driver', reason: 'none', headers: [['a', 'b']] });
      const [dead] = (await on.engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
      assert.equal(dead.message.payload.toString(), 'unseen');
      assert.equal(dead.death?.queue, 'orders');
      assert.equal(dead.death?.code, 'no_driver');
      assert.equal(dead.death?.attempts, 1);
      assert.deepEqual(dead.death?.headers, [['a', 'b']]);
    });
  });
}
