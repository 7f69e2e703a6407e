import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type Message } from '../../message.ts';
import { bound, type ContractBench, failed, fixedBackoff } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

export function lookingAndMovingContract(on: ContractBench): void {
  describe('looking, purging and moving', () => {
    test('browsing pages through all states and consumes nothing', async () => {
      await on.engine.declare('orders', { ...bound, backoff: fixedBackoff });
      const { consumer, consumption } = await on.consume('orders', 2);
      await on.sendAll('1', '2', '3', '4');
      (await consumer.delivery(1)).settle(failed);
      await consumer.delivery(3);
      const first = await on.engine.browse('orders', { from: 0, limit: 3 });
      assert.deepEqual(
        first.messages.map(({ message, state }) => [message.payload.toString(), state]),
        [
          ['1', 'scheduled'],
          ['2', 'leased'],
          ['3', 'leased'],
        ],
      );
      const second = await on.engine.browse('orders', { from: first.next ?? 0, limit: 3 });
      assert.deepEqual(
        second.messages.map(({ message, state }) => [message.payload.toString(), state]),
        [['4', 'ready']],
      );
      assert.equal(second.next, undefined);
      const match = await on.engine.browse('orders', { from: 0, limit: 9, match: ({ attempts }) => attempts === 1 });
      assert.equal(match.messages.length, 1);
      consumption.stop();
    });

    test('purging removes what nobody holds', async () => {
      await on.engine.declare('orders', { ...bound, backoff: fixedBackoff });
      const { consumer } = await on.consume('orders', 2);
      await on.sendAll('1', '2', '3', '4');
      (await consumer.delivery(1)).settle(failed);
      await consumer.delivery(3);
      assert.equal(await on.engine.purge('orders'), 2);
      assert.deepEqual(await on.payloadsIn('orders'), ['2', '3']);
      assert.equal((await on.engine.stats('orders')).dropped.purged, 2);
      on.clock.advance(10_000);
      for (const delivery of consumer.deliveries.slice(1)) assert.equal(delivery.settle(acknowledged), true);
      await turns();
      assert.equal(consumer.deliveries.length, 3);
    });

    test('dead letters go back to where they came from, as if new', async () => {
      await on.engine.declare('orders', { ...bound, maxDeliveries: 2, backoff: { ...fixedBackoff, kind: 'none' } });
      const { consumer, consumption } = await on.consume('orders', 1);
      await on.send('1');
      (await consumer.delivery(1)).settle(failed);
      (await consumer.delivery(2)).settle(failed);
      consumption.stop();
      assert.deepEqual(await on.engine.move({ from: 'orders.dead' }), { moved: 1, matched: 1, skipped: [] });
      assert.deepEqual(await on.payloadsIn('orders.dead'), []);
      const [back] = (await on.engine.browse('orders', { from: 0, limit: 1 })).messages;
      assert.equal(back.attempts, 0);
      assert.equal(back.death, undefined);
      assert.equal((await on.engine.stats('orders.dead')).moved, 1);
    });

    test('a move takes what matches, changes it, and keeps to its limit', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('a1', 'b1', 'a2', 'a3');
      const request = {
        from: 'orders',
        to: 'target',
        match: ({ message }: { message: Message }) => message.payload.toString().startsWith('a'),
        edit: (message: Message) => ({ ...message, payload: Buffer.from(`${message.payload}!`) }),
        limit: 2,
      };
      assert.deepEqual(await on.engine.move({ ...request, dryRun: true }), { moved: 0, matched: 2, skipped: [] });
      assert.deepEqual(await on.payloadsIn('target'), []);
      assert.deepEqual(await on.engine.move(request), { moved: 2, matched: 2, skipped: [] });
      assert.deepEqual(await on.payloadsIn('orders'), ['b1', 'a3']);
      assert.deepEqual(await on.payloadsIn('target'), ['a1!', 'a2!']);
    });

    test('what cannot move stays, with the reason', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('full', { limits: { messages: 1, bytes: 0 } });
      await on.sendAll('1', '2', '3');
      const { consumer } = await on.consume('orders', 1);
      await consumer.delivery(1);
      const { moved, matched, skipped } = await on.engine.move({ from: 'orders', to: 'full' });
      assert.equal(moved, 1);
      assert.equal(matched, 3);
      assert.match(skipped[0].reason, /consumer holds/);
      assert.match(skipped[1].reason, /"full" is full/);
      await assert.rejects(on.engine.move({ from: 'orders', to: 'orders' }), { code: 'invalid_argument' });
      await assert.rejects(on.engine.move({ from: 'orders', to: 'nope' }), { code: 'queue_not_found' });
      assert.match((await on.engine.move({ from: 'orders' })).skipped[1].reason, /no dead letter/);
    });

    test('two who move or purge at the same time take each message once', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      const payloads = Array.from({ length: 700 }, (_, n) => `${n}`);
      await on.sendAll(...payloads);
      const [one, other, purged] = await Promise.all([
        on.engine.move({ from: 'orders', to: 'target' }),
        on.engine.move({ from: 'orders', to: 'target' }),
        on.engine.purge('orders'),
      ]);
      assert.equal(one.moved + other.moved + purged, 700);
      const { ready, moved, dropped } = await on.engine.stats('orders');
      assert.deepEqual({ ready, moved }, { ready: 0, moved: one.moved + other.moved });
      assert.equal(dropped.purged, purged);
      const arrived = await on.payloadsIn('target');
      assert.equal(arrived.length, one.moved + other.moved);
      assert.equal(new Set(arrived).size, arrived.length);
    });

    test('a move to a queue that is removed on the way loses nothing', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll(...Array.from({ length: 1_200 }, (_, n) => `${n}`));
      const moving = on.engine.move({ from: 'orders', to: 'target' });
      await on.engine.remove('target');
      const { moved, matched } = await moving;
      assert.equal(matched, 1_200);
      const { ready } = await on.engine.stats('orders');
      assert.equal(ready, 1_200 - moved);
    });
  });
}
