import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type ReceiptWaiter } from '../../message.ts';
import { bound, type ContractBench, failed, fixedBackoff } from './contract-bench.ts';
import { messageOf, turns } from './recording-consumer.ts';

export function durabilityContract(on: ContractBench): void {
  /** Whether the receipt came in the turn of the publish. */
  const isSafeAtOnce = (payload: string): boolean => {
    let safe = false;
    const waiter: ReceiptWaiter = {
      receipt: (_tag, failure) => {
        safe = failure === undefined;
      },
    };
    on.engine.route('orders/new')?.admit(messageOf(payload, { receivedAt: on.clock.now() }), waiter, 0);
    return safe;
  };

  describe('durability', () => {
    test('async acknowledges before the flush, and is on disk soon after', async () => {
      await on.engine.declare('orders', { ...bound, durability: 'async' });
      assert.equal(isSafeAtOnce('1'), true);
      await turns();
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), ['1']);
    });

    test('a publish to several queues waits for the one that asks for most', async () => {
      await on.engine.declare('orders', { ...bound, durability: 'async' });
      await on.engine.declare('quick', { ...bound, durability: 'memory' });
      assert.equal(isSafeAtOnce('1'), true);
      await on.engine.declare('careful', bound);
      assert.equal(isSafeAtOnce('2'), false);
      await turns();
      assert.deepEqual(await on.payloadsIn('careful'), ['2']);
    });

    test('a queue in memory delivers, tries again and gives up as others do, and is empty after a restart', async () => {
      await on.engine.declare('orders', { ...bound, durability: 'memory', backoff: fixedBackoff, maxDeliveries: 2 });
      const { consumer } = await on.consume('orders', 10);
      await on.sendAll('1', '2');
      await turns();
      consumer.deliveries[0].settle(failed);
      consumer.deliveries[1].settle(acknowledged);
      assert.equal((await on.engine.stats('orders')).scheduled, 1);
      on.clock.advance(5_000);
      await turns();
      assert.deepEqual(consumer.payloads, ['1', '2', '1']);
      consumer.deliveries[2].settle(failed);
      await turns();
      assert.deepEqual(await on.payloadsIn('orders.dead'), ['1']);
      await on.send('3');
      await on.reopen();
      const { ready, leased, bytes } = await on.engine.stats('orders');
      assert.deepEqual([ready, leased, bytes], [0, 0, 0]);
      assert.deepEqual(await on.payloadsIn('orders.dead'), ['1']);
      await on.send('4');
      assert.deepEqual(await on.payloadsIn('orders'), ['4']);
    });

    test('what came while nothing was written is there once when it is written, behind what was on disk', async () => {
      await on.engine.declare('orders', bound);
      await on.sendAll('1', '2');
      await on.reopen();
      await on.engine.declare('orders', { durability: 'memory' });
      await on.sendAll('3', '4');
      await on.engine.declare('orders', { durability: 'sync' });
      await on.send('5');
      const { consumer } = await on.consume('orders', 10);
      await turns();
      assert.deepEqual([...consumer.payloads].sort(), ['1', '2', '3', '4', '5']);
      for (const delivery of consumer.deliveries) delivery.settle(acknowledged);
      await turns();
      await on.send('6');
      assert.deepEqual(await on.payloadsIn('orders'), ['6']);
      const stats = await on.engine.stats('orders');
      assert.deepEqual([stats.ready, stats.leased, stats.scheduled], [0, 1, 0]);
    });

    test('what fails while nothing is written, or waits for a time then, is tried once when it is due', async () => {
      const backoff = { ...fixedBackoff, initialMs: 60_000 };
      await on.engine.declare('orders', { ...bound, backoff, leaseMs: 600_000 });
      const { consumer } = await on.consume('orders', 10);
      await on.sendAll('1', '2');
      await turns();
      await on.engine.declare('orders', { durability: 'memory' });
      consumer.deliveries[0].settle(failed);
      await on.send('late', { properties: { userProperties: [['sluice-delay', '50000']] } });
      await on.engine.declare('orders', { durability: 'sync' });
      on.clock.advance(20_000);
      consumer.deliveries[1].settle(failed);
      await turns();
      for (let passed = 0; passed < 60; passed++) {
        on.clock.advance(1_000);
        await turns(1);
      }
      await turns();
      assert.deepEqual([...consumer.payloads].sort(), ['1', '1', '2', '2', 'late']);
      const { ready, leased, scheduled } = await on.engine.stats('orders');
      assert.deepEqual([ready, leased, scheduled], [0, 3, 0]);
    });

    test('a queue that keeps an order or last values goes between memory and disk while it is empty', async () => {
      await on.engine.declare('orders', { ...bound, durability: 'memory', ordering: 'total' });
      await on.send('1');
      await assert.rejects(on.engine.declare('orders', { durability: 'sync' }), {
        code: 'conflict',
        message: /1 messages/,
      });
      await on.engine.purge('orders');
      await on.engine.declare('orders', { durability: 'sync' });
      await on.send('2');
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), ['2']);
    });

    test('what a queue in memory holds is written when it is told to keep it', async () => {
      await on.engine.declare('orders', { ...bound, durability: 'memory' });
      await on.sendAll('1', '2');
      await on.engine.declare('orders', { durability: 'sync' });
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
      await on.engine.declare('orders', { durability: 'memory' });
      await on.send('3');
      const { consumer } = await on.consume('orders', 10);
      await turns();
      assert.deepEqual([...consumer.payloads].sort(), ['1', '2', '3']);
      for (const delivery of consumer.deliveries) delivery.settle(acknowledged);
      await turns();
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), []);
    });
  });
}
