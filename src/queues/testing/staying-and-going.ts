import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, released } from '../../message.ts';
import { droppedOf } from '../queue-stats.ts';
import { bound, type ContractBench, failed, fixedBackoff, rejected } from './contract-bench.ts';
import { messageOf, publish, turns } from './recording-consumer.ts';

export function stayingAndGoingContract(on: ContractBench): void {
  describe('staying and going', () => {
    test('messages, their failures and their back-off outlive a restart; leases do not', async () => {
      await on.engine.declare('orders', { ...bound, backoff: fixedBackoff });
      const { consumer } = await on.consume('orders', 2);
      await on.sendAll('1', '2', '3');
      (await consumer.delivery(1)).settle(failed);
      await consumer.delivery(3);
      await on.reopen();
      assert.equal(consumer.endedWith?.code, 'unavailable');
      const stats = await on.engine.stats('orders');
      assert.equal(stats.ready, 2);
      assert.equal(stats.scheduled, 1);
      assert.equal(stats.leased, 0);
      const after = await on.consume('orders', 10);
      await after.consumer.delivery(2);
      assert.deepEqual(after.consumer.payloads, ['2', '3']);
      on.clock.advance(5_000);
      assert.equal((await after.consumer.delivery(3)).attempt, 2);
    });

    test('the oldest ready message has an age', async () => {
      await on.engine.declare('orders', bound);
      await on.send('1');
      on.clock.advance(7_000);
      assert.equal((await on.engine.stats('orders')).oldestReadyAgeMs, 7_000);
      await on.reopen();
      assert.equal((await on.engine.stats('orders')).oldestReadyAgeMs, 7_000);
      await on.engine.purge('orders');
      assert.equal((await on.engine.stats('orders')).oldestReadyAgeMs, 0);
    });

    test('removing a queue ends who consumes it and leaves nothing of it', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2');
      const { consumer } = await on.consume('orders', 1);
      const held = await consumer.delivery(1);
      const waiting = on.engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 1_000 });
      await waiting;
      const empty = on.engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 1_000 });
      const refused = assert.rejects(empty, { code: 'queue_not_found' });
      await on.engine.remove('orders');
      await refused;
      assert.equal(consumer.endedWith?.code, 'queue_not_found');
      assert.equal(held.settle(acknowledged), false);
      assert.equal(on.engine.route('orders/new'), undefined);
      await on.engine.declare('orders', bound);
      assert.deepEqual(await on.payloadsIn('orders'), []);
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), []);
    });

    test('what is held can be settled before a stop, and nothing is handed out a second time', async () => {
      await on.engine.declare('orders', bound);
      const { consumer, consumption } = await on.consume('orders', 2);
      await on.sendAll('1', '2', '3');
      const held = await consumer.delivery(2);
      const other = await on.consume('orders', 2);
      await other.consumer.delivery(1);
      const quiet = on.engine.quiesce(60_000);
      assert.equal(held.settle(acknowledged), true);
      consumer.deliveries[0].settle(released);
      consumption.stop();
      other.consumer.deliveries[0].settle(failed);
      assert.equal(await quiet, 0);
      const leased = on.engine.lease('orders', { consumerId: 'h', max: 5, waitMs: 0 });
      assert.deepEqual(await leased, []);
      await on.send('4');
      await turns();
      assert.deepEqual([consumer.payloads, other.consumer.payloads], [['1', '2'], ['3']]);
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '3', '4']);
      assert.equal((await on.engine.browse('orders', { from: 0, limit: 1 })).messages[0].attempts, 0);
    });

    test('who does not settle what it holds is not waited for any longer than was said', async () => {
      await on.engine.declare('orders', {
        kind: 'log',
        bindings: [{ filter: 'orders/#' }],
        group: { start: 'earliest' },
      });
      await on.sendAll('1', '2');
      const request = { consumerId: 'h', max: 2, waitMs: 0, group: 'readers' };
      const [first] = await on.engine.lease('orders', request);
      const quiet = on.engine.quiesce(5_000);
      await on.engine.settle('orders', [first.token], acknowledged);
      on.clock.advance(5_000);
      assert.equal(await quiet, 1);
      await on.engine.leave('orders', 'h');
      assert.deepEqual(await on.engine.lease('orders', request), []);
      await on.reopen();
      const [again] = await on.engine.lease('orders', request);
      assert.deepEqual([again.delivery.message.payload.toString(), again.delivery.attempt], ['2', 1]);
    });

    test('who held messages of a queue that is removed is not waited for', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('log', {
        kind: 'log',
        bindings: [{ filter: 'orders/#' }],
        group: { start: 'earliest' },
      });
      await on.consume('orders', 2);
      await on.sendAll('1', '2', '3');
      await on.engine.lease('log', { consumerId: 'h', max: 2, waitMs: 0, group: 'readers' });
      await on.engine.lease('log', { consumerId: 'h', max: 1, waitMs: 0, group: 'others' });
      await on.engine.removeGroup('log', 'others');
      await on.engine.remove('orders');
      await on.engine.remove('log');
      assert.equal(await on.engine.quiesce(5_000), 0);
    });

    test('a stopped engine takes nothing and says so', async () => {
      await on.engine.declare('orders', bound);
      const destination = on.engine.route('orders/new');
      await on.engine.stop();
      await assert.rejects(publish(destination, messageOf('late')), { code: 'unavailable' });
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), []);
    });

    test('every message is in exactly one place, and the counters say so', async () => {
      await on.engine.declare('orders', { ...bound, maxDeliveries: 1 });
      const { consumer } = await on.consume('orders', 4);
      await on.sendAll('1', '2', '3', '4', '5', '6');
      (await consumer.delivery(1)).settle(acknowledged);
      consumer.deliveries[1].settle(rejected);
      consumer.deliveries[2].settle(failed);
      consumer.deliveries[3].settle(released);
      await turns();
      const stats = await on.engine.stats('orders');
      const present = stats.ready + stats.leased + stats.scheduled;
      assert.equal(stats.enqueued, 6);
      const { acknowledged: done, deadLettered, expired, moved } = stats;
      assert.equal(stats.enqueued, done + deadLettered + expired + droppedOf(stats) + moved + present);
    });
  });
}
