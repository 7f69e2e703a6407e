import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, released } from '../../message.ts';
import { bound, type ContractBench, fixedBackoff } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

export function leasingContract(on: ContractBench): void {
  describe('leases', () => {
    test('a lease that ends is a failed delivery, and the message goes to another consumer', async () => {
      await on.engine.declare('orders', { ...bound, leaseMs: 10_000, backoff: { ...fixedBackoff, kind: 'none' } });
      const slow = await on.consume('orders', 1, 'slow');
      await on.sendAll('1', '2');
      const lost = await slow.consumer.delivery(1);
      on.clock.advance(10_000);
      const other = await on.consume('orders', 10, 'other');
      assert.equal((await other.consumer.delivery(1)).attempt, 2);
      await other.consumer.delivery(2);
      await turns();
      // The slot of a push consumer stays taken until it answers.
      assert.equal(slow.consumer.deliveries.length, 1);
      assert.equal(lost.settle(acknowledged), false);
      await on.send('3');
      assert.equal((await slow.consumer.delivery(2)).message.payload.toString(), '3');
      assert.equal((await on.engine.stats('orders')).failed, 1);
    });

    test('a delivery says whether its lease still stands', async () => {
      await on.engine.declare('orders', { ...bound, leaseMs: 10_000, backoff: fixedBackoff });
      const { consumer, consumption } = await on.consume('orders', 10);
      await on.sendAll('settled', 'given back', 'expired', 'expired too');
      await consumer.delivery(4);
      const held = (): boolean[] => consumer.deliveries.slice(0, 4).map((delivery) => delivery.held);
      assert.deepEqual(held(), [true, true, true, true]);
      consumer.deliveries[0].settle(acknowledged);
      consumer.deliveries[1].settle(released);
      assert.deepEqual(held(), [false, false, true, true]);
      // The one that was given back came again, as another delivery.
      assert.equal((await consumer.delivery(5)).held, true);
      on.clock.advance(10_000);
      assert.deepEqual(held(), [false, false, false, false]);
      on.clock.advance(5_000);
      const again = await consumer.delivery(6);
      assert.equal(again.held, true);
      consumption.stop();
      assert.equal(again.held, false);
    });

    test('the last lease to end makes a dead letter with code lease_expired', async () => {
      await on.engine.declare('orders', { ...bound, leaseMs: 10_000, maxDeliveries: 1 });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1');
      await consumer.delivery(1);
      on.clock.advance(10_000);
      const [dead] = (await on.engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
      assert.equal(dead.death?.code, 'lease_expired');
    });

    test('one who leases holds no more than it said, and gets the next when it settled one', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2', '3');
      const request = { consumerId: 'c', max: 10, waitMs: 60_000, heldMax: 2 };
      const held = await on.engine.lease('orders', request);
      assert.equal(held.length, 2);
      const next = on.engine.lease('orders', request);
      await turns();
      assert.equal((await on.engine.stats('orders')).leased, 2);
      await on.engine.settle('orders', [held[0].token], acknowledged);
      assert.deepEqual(
        (await next).map(({ delivery }) => delivery.message.payload.toString()),
        ['3'],
      );
    });

    test('one who leaves gives back what it holds, uncounted, and its requests end with nothing', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2');
      const request = { consumerId: 'leaver', max: 1, waitMs: 60_000, heldMax: 1 };
      const [lost] = await on.engine.lease('orders', request);
      const waiting = on.engine.lease('orders', request);
      await on.engine.lease('orders', { ...request, consumerId: 'stayer' });
      await on.engine.leave('orders', 'leaver');
      assert.deepEqual(await waiting, []);
      assert.deepEqual(await on.engine.settle('orders', [lost.token], acknowledged), [
        { token: lost.token, ok: false, code: 'lease_lost' },
      ]);
      const [again] = await on.engine.lease('orders', { ...request, consumerId: 'other' });
      assert.deepEqual([again.delivery.sequence, again.delivery.attempt], [lost.delivery.sequence, 1]);
      await on.engine.leave('orders', 'nobody');
      await assert.rejects(on.engine.leave('none', 'leaver'), { code: 'queue_not_found' });
    });

    test('those who consume are listed, with what they hold and since when', async () => {
      await on.engine.declare('orders', bound);
      const since = on.clock.now();
      const { consumer } = await on.consume('orders', 2, 'pushed to');
      await on.send('1');
      await consumer.delivery(1);
      on.clock.advance(5);
      consumer.deliveries[0].settle(acknowledged);
      await on.send('2');
      await consumer.delivery(2);
      const waiting = on.engine.lease('orders', { consumerId: 'pulls', max: 3, waitMs: 60_000 });
      const ofWork = { group: undefined, since };
      assert.deepEqual(await on.engine.consumers('orders'), [
        { id: 'pushed to', kind: 'push', limit: 2, inflight: 1, lost: 0, settledAt: since + 5, ...ofWork },
        {
          id: 'pulls',
          kind: 'pull',
          limit: 3,
          inflight: 0,
          lost: 0,
          settledAt: undefined,
          ...ofWork,
          since: since + 5,
        },
      ]);
      await on.engine.leave('orders', 'pulls');
      await waiting;
      assert.equal((await on.engine.consumers('orders')).length, 1);
      await assert.rejects(on.engine.consumers('none'), { code: 'queue_not_found' });
    });

    test('what a consumer lost without answering is not held by it, and takes a place until it answers', async () => {
      await on.engine.declare('orders', { ...bound, leaseMs: 10_000 });
      const { consumer } = await on.consume('orders', 2, 'slow');
      await on.sendAll('1', '2');
      await consumer.delivery(2);
      on.clock.advance(5_000);
      const places = async () => {
        const [{ limit, inflight, lost }] = await on.engine.consumers('orders');
        return { limit, inflight, lost };
      };
      assert.deepEqual(await places(), { limit: 2, inflight: 2, lost: 0 });
      on.clock.advance(5_000);
      assert.deepEqual(await places(), { limit: 2, inflight: 0, lost: 2 });
      assert.equal(consumer.deliveries[0].settle(acknowledged), false);
      assert.equal((await places()).lost, 1);
    });

    test('messages are leased by request and settled by token, once', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2', '3');
      const leased = await on.engine.lease('orders', { consumerId: 'h', max: 2, waitMs: 0 });
      assert.deepEqual(
        leased.map(({ delivery }) => delivery.message.payload.toString()),
        ['1', '2'],
      );
      assert.equal(leased[0].leaseUntil, on.clock.now() + 30_000);
      const [first, second] = leased.map(({ token }) => token);
      assert.deepEqual(await on.engine.settle('orders', [first, 'made-up'], acknowledged), [
        { token: first, ok: true },
        { token: 'made-up', ok: false, code: 'lease_lost' },
      ]);
      assert.deepEqual(await on.engine.settle('orders', [first], acknowledged), [
        { token: first, ok: false, code: 'lease_lost' },
      ]);
      await on.engine.settle('orders', [second], released);
      const again = await on.engine.lease('orders', { consumerId: 'h', max: 10, waitMs: 0 });
      assert.deepEqual(
        again.map(({ delivery }) => delivery.message.payload.toString()),
        ['2', '3'],
      );
      assert.notEqual(again[0].token, second);
    });

    test('a request waits for the first message, or until its time is over', async () => {
      await on.engine.declare('orders', bound);
      const waiting = on.engine.lease('orders', { consumerId: 'h', max: 5, waitMs: 20_000 });
      await turns();
      await on.sendAll('1', '2');
      assert.equal((await waiting).length, 2);
      const nothing = on.engine.lease('orders', { consumerId: 'h', max: 5, waitMs: 20_000 });
      await turns();
      on.clock.advance(20_000);
      assert.deepEqual(await nothing, []);
      assert.deepEqual(await on.engine.lease('orders', { consumerId: 'h', max: 5, waitMs: 0 }), []);
    });

    test('a lease can be made longer, and ends for its token when it is over', async () => {
      await on.engine.declare('orders', { ...bound, backoff: { ...fixedBackoff, kind: 'none' } });
      await on.send('1');
      const [{ token }] = await on.engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 0, leaseMs: 5_000 });
      on.clock.advance(4_000);
      assert.deepEqual(await on.engine.extend('orders', [token], 10_000), [{ token, ok: true }]);
      on.clock.advance(9_999);
      assert.equal((await on.engine.stats('orders')).leased, 1);
      on.clock.advance(1);
      assert.equal((await on.engine.stats('orders')).leased, 0);
      assert.deepEqual(await on.engine.settle('orders', [token], acknowledged), [
        { token, ok: false, code: 'lease_lost' },
      ]);
      assert.deepEqual(await on.engine.extend('orders', [token], 1_000), [{ token, ok: false, code: 'lease_lost' }]);
      const [again] = await on.engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 0 });
      assert.equal(again.delivery.attempt, 2);
    });

    test('a consumer that messages are pushed to can make its lease longer, until it has lost it', async () => {
      await on.engine.declare('orders', { ...bound, leaseMs: 5_000, backoff: { ...fixedBackoff, kind: 'none' } });
      const { consumer } = await on.consume('orders', 10);
      await on.send('1');
      const delivery = await consumer.delivery(1);
      on.clock.advance(4_000);
      assert.equal(delivery.extend(10_000), true);
      on.clock.advance(9_999);
      assert.equal(delivery.held, true);
      on.clock.advance(1);
      assert.equal(delivery.held, false);
      assert.equal(delivery.extend(10_000), false);
      const again = await consumer.delivery(2);
      assert.equal(again.settle(acknowledged), true);
      assert.equal(again.extend(10_000), false);
    });
  });
}
