import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type ReceiptWaiter, type UserProperty } from '../../message.ts';
import { bound, type ContractBench, failed } from './contract-bench.ts';
import { messageOf, publish, turns } from './recording-consumer.ts';

export const twoAtMost = { ...bound, limits: { messages: 2, bytes: 0 }, overflow: 'drop_oldest' } as const;

export function enteringContract(on: ContractBench): void {
  const sendOnce = (payload: string, id: string, topic = 'orders/new'): Promise<void> => {
    const userProperties: UserProperty[] = [['sluice-dedup-id', id]];
    return on.send(payload, { topic, properties: { userProperties } });
  };

  describe('entering', () => {
    test('a full queue that drops the oldest keeps the newest, and not what is out', async () => {
      await on.engine.declare('orders', twoAtMost);
      await on.sendAll('1', '2', '3');
      assert.deepEqual(await on.payloadsIn('orders'), ['2', '3']);
      const { consumer } = await on.consume('orders', 1);
      await consumer.delivery(1);
      await on.sendAll('4', '5');
      assert.deepEqual(await on.payloadsIn('orders'), ['2', '5']);
      const stats = await on.engine.stats('orders');
      assert.deepEqual([stats.enqueued, stats.dropped.overflow, stats.ready, stats.leased], [5, 3, 1, 1]);
    });

    test('a full queue drops what waits for a time where nothing else is left', async () => {
      await on.engine.declare('orders', { ...twoAtMost, delayMs: 3_600_000 });
      for (const payload of ['1', '2', '3', '4', '5']) await on.send(payload);
      assert.equal((await on.payloadsIn('orders')).length, 2);
      const stats = await on.engine.stats('orders');
      assert.deepEqual([stats.scheduled, stats.dropped.overflow], [2, 3]);
      await on.reopen();
      await on.sendAll('6', '7', '8');
      assert.equal((await on.payloadsIn('orders')).length, 2);
    });

    test('where everything is out a queue that drops the oldest refuses', async () => {
      await on.engine.declare('orders', twoAtMost);
      await on.sendAll('1', '2');
      const { consumer } = await on.consume('orders', 10);
      await consumer.delivery(2);
      await assert.rejects(on.send('3'), { code: 'queue_full' });
      consumer.deliveries[0].settle(failed);
      await on.send('3');
      assert.deepEqual(await on.payloadsIn('orders'), ['2', '3']);
    });

    test('a limit in bytes drops as many as it takes, and refuses what never fits', async () => {
      await on.engine.declare('orders', { ...bound, limits: { messages: 0, bytes: 600 }, overflow: 'drop_oldest' });
      await on.sendAll('1'.repeat(100), '2'.repeat(100), '3'.repeat(400));
      assert.deepEqual(await on.payloadsIn('orders'), ['3'.repeat(400)]);
      await assert.rejects(on.send('x'.repeat(700)), { code: 'queue_full' });
      assert.deepEqual(await on.payloadsIn('orders'), ['3'.repeat(400)]);
    });

    test('a full queue makes room though a consumer has lost what it holds without answering', async () => {
      const limits = { messages: 0, bytes: 600 };
      await on.engine.declare('orders', { ...bound, limits, overflow: 'drop_oldest', leaseMs: 1_000 });
      const { consumer } = await on.consume('orders', 1);
      await on.send('1'.repeat(300));
      await consumer.delivery(1);
      await assert.rejects(on.send('2'.repeat(300)), { code: 'queue_full' });
      on.clock.advance(1_001);
      await on.send('2'.repeat(300));
      assert.deepEqual(await on.payloadsIn('orders'), ['2'.repeat(300)]);
    });

    test('an id comes in once within its window, and over a restart', async () => {
      await on.engine.declare('orders', { ...bound, deduplication: { scope: 'queue', windowMs: 60_000 } });
      await Promise.all([sendOnce('1', 'a'), sendOnce('again', 'a'), sendOnce('2', 'b')]);
      await sendOnce('again', 'b');
      await on.reopen();
      await sendOnce('again', 'a');
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
      assert.equal((await on.engine.stats('orders')).duplicates, 1);
      on.clock.advance(60_001);
      await sendOnce('3', 'a');
      await on.sendAll('without', 'without');
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2', '3', 'without', 'without']);
    });

    test('an id that came just now is known while options change', async () => {
      await on.engine.declare('orders', { ...bound, deduplication: { scope: 'queue' } });
      const first = sendOnce('1', 'a');
      const changed = on.engine.declare('orders', { paused: true });
      await Promise.all([first, changed, sendOnce('again', 'a')]);
      assert.deepEqual(await on.payloadsIn('orders'), ['1']);
    });

    test('a rate begins not anew when a queue is declared again', async () => {
      await on.engine.declare('orders', { ...bound, rateLimit: { in: 1 } });
      await on.send('1');
      await on.engine.declare('orders', { ...bound, paused: true });
      await assert.rejects(on.send('2'), { code: 'quota_exceeded' });
    });

    test('an id is remembered when its message has gone', async () => {
      await on.engine.declare('orders', { ...bound, deduplication: { scope: 'queue' } });
      const { consumer } = await on.consume('orders', 10);
      const sent = sendOnce('1', 'a');
      (await consumer.delivery(1)).settle(acknowledged);
      await sent;
      await sendOnce('again', 'a');
      await on.reopen();
      await sendOnce('again', 'a');
      await turns();
      assert.deepEqual(await on.payloadsIn('orders'), []);
      assert.equal(consumer.deliveries.length, 1);
    });

    test('a publisher is told what became of a duplicate', async () => {
      await on.engine.declare('orders', { ...bound, deduplication: { scope: 'queue' } });
      await sendOnce('1', 'a');
      const message = messageOf('again', { properties: { userProperties: [['sluice-dedup-id', 'a']] } });
      const outcome = await new Promise((resolve) => {
        const waiter = { receipt: (_tag: number, _failure: unknown, told?: string): void => resolve(told) };
        on.engine.route(message.topic)?.admit(message, waiter, 0);
      });
      assert.equal(outcome, 'duplicate');
    });

    test('with the scope of a key, ids of different keys are different', async () => {
      const deduplication = { scope: 'key' } as const;
      await on.engine.declare('orders', { ...bound, orderingKey: 'topic', deduplication });
      await sendOnce('1', 'a', 'orders/1');
      await sendOnce('2', 'a', 'orders/2');
      await sendOnce('again', 'a', 'orders/1');
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
    });

    test('one that is new to one of its queues only goes to that one', async () => {
      await on.engine.declare('orders', { ...bound, deduplication: { scope: 'queue' } });
      await on.engine.declare('all', bound);
      await sendOnce('1', 'a');
      await sendOnce('2', 'a');
      assert.deepEqual(await on.payloadsIn('orders'), ['1']);
      assert.deepEqual(await on.payloadsIn('all'), ['1', '2']);
    });

    test('what is not stored is not remembered', async () => {
      await on.engine.declare('orders', {
        ...bound,
        limits: { messages: 1, bytes: 0 },
        deduplication: { scope: 'queue' },
      });
      await on.send('first');
      await assert.rejects(sendOnce('1', 'a'), { code: 'queue_full' });
      await on.engine.purge('orders');
      await sendOnce('1', 'a');
      assert.deepEqual(await on.payloadsIn('orders'), ['1']);
    });

    test('more than a queue takes in a second is refused, and by key too', async () => {
      await on.engine.declare('orders', { ...bound, rateLimit: { in: 2 } });
      await on.sendAll('1', '2');
      await assert.rejects(on.send('3'), { code: 'quota_exceeded', message: /2 messages a second \(rateLimit\.in\)/ });
      on.clock.advance(500);
      await on.send('3');
      await on.engine.declare('orders', { orderingKey: 'topic', rateLimit: { in: 0, perKey: { in: 1 } } });
      await on.send('4', { topic: 'orders/a' });
      await on.send('5', { topic: 'orders/b' });
      await assert.rejects(on.send('6', { topic: 'orders/a' }), { code: 'quota_exceeded', message: /perKey/ });
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2', '3', '4', '5']);
    });

    test('a full queue drops the oldest of the lowest priority, and refuses what is lower still', async () => {
      const limits = { messages: 3, bytes: 0 };
      await on.engine.declare('orders', { ...bound, priorities: 3, limits, overflow: 'drop_lowest_priority' });
      const send = (payload: string, priority: number): Promise<void> =>
        on.send(payload, { properties: { userProperties: [['sluice-priority', `${priority}`]] } });
      await send('low 1', 1);
      await send('low 2', 1);
      await send('high', 3);
      await send('middle', 2);
      assert.deepEqual((await on.payloadsIn('orders')).sort(), ['high', 'low 2', 'middle']);
      await send('low 3', 1);
      assert.deepEqual((await on.payloadsIn('orders')).sort(), ['high', 'low 3', 'middle']);
      await send('high 2', 3);
      await assert.rejects(send('low 4', 1), { code: 'queue_full' });
      assert.deepEqual((await on.payloadsIn('orders')).sort(), ['high', 'high 2', 'middle']);
      assert.equal((await on.engine.stats('orders')).dropped.overflow, 3);
    });

    test('a queue that blocks makes the sender wait, and takes messages in their order when there is room', async () => {
      await on.engine.declare('orders', { ...bound, limits: { messages: 2, bytes: 0 }, overflow: 'block' });
      await on.sendAll('1', '2');
      const sender = new HeldSender();
      const all = ['3', '4', '5'].map((payload) => sender.publish(on, payload));
      await turns();
      assert.deepEqual([sender.held, sender.safe], [[0, 1, 2], []]);
      assert.equal((await on.engine.stats('orders')).blocked, 3);
      const { consumer } = await on.consume('orders', 1);
      for (let count = 1; count <= 5; count++) (await consumer.delivery(count)).settle(acknowledged);
      await Promise.all(all);
      assert.deepEqual(consumer.payloads, ['1', '2', '3', '4', '5']);
      assert.deepEqual(sender.safe, [0, 1, 2]);
      const stats = await on.engine.stats('orders');
      assert.deepEqual([stats.blocked, stats.rejected, stats.ready], [0, 0, 0]);
    });

    test('while a publish waits for one queue no other has it, and it goes on when limits are raised', async () => {
      await on.engine.declare('orders', { ...bound, limits: { messages: 1, bytes: 0 }, overflow: 'block' });
      await on.send('1');
      await on.engine.declare('all', bound);
      const sender = new HeldSender();
      const sent = sender.publish(on, '2');
      await turns();
      assert.deepEqual(await on.payloadsIn('all'), []);
      await on.engine.declare('orders', { limits: { messages: 2, bytes: 0 } });
      await sent;
      assert.deepEqual(await on.payloadsIn('all'), ['2']);
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
    });

    test('a sender that cannot be made to wait is refused after its time, and its message is not stored', async () => {
      await on.engine.declare('orders', { ...bound, limits: { messages: 1, bytes: 0 }, overflow: 'block' });
      await on.send('1');
      const refused = assert.rejects(on.send('2'), { code: 'queue_full', message: /within 10000 ms/ });
      on.clock.advance(10_000);
      await refused;
      await on.engine.purge('orders');
      await turns();
      assert.deepEqual(await on.payloadsIn('orders'), []);
    });

    test('who waits for a queue that goes is told', async () => {
      await on.engine.declare('orders', { ...bound, limits: { messages: 1, bytes: 0 }, overflow: 'block' });
      await on.send('1');
      const refused = assert.rejects(new HeldSender().publish(on, '2'), { code: 'queue_not_found' });
      await on.engine.remove('orders');
      await refused;
    });

    test('a queue that blocks and has a rate takes messages as fast as that', async () => {
      await on.engine.declare('orders', { ...bound, rateLimit: { in: 1 }, overflow: 'block' });
      const sender = new HeldSender();
      const all = ['1', '2', '3'].map((payload) => sender.publish(on, payload));
      await all[0];
      on.clock.advance(1_000);
      await all[1];
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
      on.clock.advance(1_000);
      await all[2];
    });

    test('dead letters come in however full their queue is', async () => {
      await on.engine.declare('orders', { ...bound, maxDeliveries: 1 });
      await on.engine.declare('orders.dead', { limits: { messages: 1, bytes: 0 }, deadLetter: null });
      await publish(on.engine.destination('orders.dead'), messageOf('there'));
      const { consumer } = await on.consume('orders', 10);
      await on.send('lost to nobody');
      (await consumer.delivery(1)).settle(failed);
      await turns();
      assert.deepEqual(await on.payloadsIn('orders.dead'), ['there', 'lost to nobody']);
      await assert.rejects(publish(on.engine.destination('orders.dead'), messageOf('more')), { code: 'queue_full' });
    });
  });
}

/** One who can be made to wait. */
class HeldSender {
  readonly held: number[] = [];
  readonly safe: number[] = [];
  #tag = 0;

  publish(on: ContractBench, payload: string): Promise<void> {
    const message = messageOf(payload, { receivedAt: on.clock.now() });
    return new Promise((resolve, reject) => {
      const waiter: ReceiptWaiter = {
        held: (tag) => this.held.push(tag),
        receipt: (tag, failure) => {
          this.safe.push(tag);
          if (failure === undefined) resolve();
          else reject(failure);
        },
      };
      on.engine.route(message.topic)?.admit(message, waiter, this.#tag++);
    });
  }
}
