import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type Delivery, released } from '../../message.ts';
import type { GivenQueueOptions } from '../options.ts';
import { type ContractBench, failed, fixedBackoff, rejected } from './contract-bench.ts';
import { log, logBench } from './log-bench.ts';
import { turns } from './recording-consumer.ts';

const keyed: GivenQueueOptions = { ...log, ordering: 'key', orderingKey: 'topic' };

export function logFailingContract(on: ContractBench): void {
  const { join, infoOf, flushed, payloads } = logBench(on);
  const textOf = ({ message }: Delivery): string => message.payload.toString();

  describe('failures and order in logs', () => {
    test('what fails comes again after its back-off and goes to the dead letters at the end, for its group alone', async () => {
      await on.engine.declare('orders', { ...log, backoff: fixedBackoff, maxDeliveries: 2 });
      const other = await join('other', {}, true);
      const { consumer } = await join('reader');
      await on.sendAll('1', '2');
      (await consumer.delivery(1)).settle(failed);
      (await consumer.delivery(2)).settle(acknowledged);
      assert.equal((await infoOf('reader')).scheduled, 1);
      on.clock.advance(5_000);
      const again = await consumer.delivery(3);
      assert.deepEqual([textOf(again), again.attempt], ['1', 2]);
      again.settle(failed);
      const [dead] = (await on.engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
      assert.deepEqual([dead.death?.queue, dead.death?.sequence, dead.death?.attempts], ['orders', again.sequence, 2]);
      assert.deepEqual(dead.death?.headers, [['group', 'reader']]);
      const info = await infoOf('reader');
      assert.deepEqual([info.failed, info.deadLettered, info.lagMessages], [2, 1, 0]);
      assert.equal((await infoOf('other')).deadLettered, 0);
      assert.equal(other.consumer.deliveries.length, 2);
      assert.deepEqual(await payloads(), ['1', '2']);
    });

    test('failures are known after a restart: the attempt, and when it is tried again', async () => {
      await on.engine.declare('orders', { ...log, backoff: fixedBackoff, maxDeliveries: 3 });
      await on.sendAll('1', '2');
      const { consumer } = await join('reader');
      await consumer.delivery(2);
      consumer.deliveries[0].settle(failed);
      consumer.deliveries[1].settle(acknowledged);
      await flushed();
      await on.reopen();
      assert.equal((await infoOf('reader')).scheduled, 1);
      const again = await join('reader');
      await turns();
      assert.equal(again.consumer.deliveries.length, 0);
      on.clock.advance(5_000);
      assert.equal((await again.consumer.delivery(1)).attempt, 2);
    });

    test('what is rejected goes straight to the dead letters, and what is given back comes again uncounted', async () => {
      await on.engine.declare('orders', log);
      await on.sendAll('1', '2');
      const { consumer } = await join('reader', { credit: 1 });
      (await consumer.delivery(1)).settle(rejected);
      (await consumer.delivery(2)).settle(released);
      const again = await consumer.delivery(3);
      assert.deepEqual([textOf(again), again.attempt], ['2', 1]);
      assert.deepEqual(await on.payloadsIn('orders.dead'), ['1']);
    });

    test('in order by key one message of a key is out at a time, over its retries, and others go on', async () => {
      await on.engine.declare('orders', { ...keyed, backoff: fixedBackoff });
      for (const name of ['a1', 'a2', 'b1', 'a3', 'b2']) await on.send(name, { topic: `orders/${name[0]}` });
      const { consumer } = await join('reader');
      const [a1, b1] = [await consumer.delivery(1), await consumer.delivery(2)];
      await turns();
      assert.deepEqual(consumer.payloads, ['a1', 'b1']);
      a1.settle(failed);
      b1.settle(acknowledged);
      (await consumer.delivery(3)).settle(acknowledged);
      await turns();
      assert.deepEqual(consumer.payloads, ['a1', 'b1', 'b2']);
      on.clock.advance(5_000);
      for (let number = 4; number <= 6; number++) (await consumer.delivery(number)).settle(acknowledged);
      assert.deepEqual(consumer.payloads, ['a1', 'b1', 'b2', 'a1', 'a2', 'a3']);
      assert.equal((await infoOf('reader')).lagMessages, 0);
    });

    test('order by key holds over a restart, where an earlier one still waits for its next try', async () => {
      await on.engine.declare('orders', { ...keyed, backoff: fixedBackoff });
      for (const name of ['a1', 'a2', 'b1']) await on.send(name, { topic: `orders/${name[0]}` });
      const { consumer } = await join('reader');
      (await consumer.delivery(1)).settle(failed);
      await flushed();
      await on.reopen();
      const again = await join('reader');
      await again.consumer.delivery(1);
      await turns();
      assert.deepEqual(again.consumer.payloads, ['b1']);
      on.clock.advance(5_000);
      (await again.consumer.delivery(2)).settle(acknowledged);
      await again.consumer.delivery(3);
      assert.deepEqual(again.consumer.payloads, ['b1', 'a1', 'a2']);
    });

    test('in total order one message is out at a time, over its retries, whoever takes it', async () => {
      await on.engine.declare('orders', { ...log, ordering: 'total', backoff: fixedBackoff });
      await on.sendAll('1', '2', '3');
      const members = [await join('reader'), await join('reader')];
      const seen = (): string[] => members.flatMap(({ consumer }) => consumer.payloads);
      const last = (): Delivery => {
        const held = members.flatMap(({ consumer }) => consumer.deliveries).filter((delivery) => delivery.held);
        assert.equal(held.length, 1);
        return held[0];
      };
      await turns();
      last().settle(failed);
      await turns();
      assert.deepEqual(seen(), ['1']);
      on.clock.advance(5_000);
      await turns();
      const order: string[] = [];
      for (let i = 0; i < 3; i++) {
        order.push(textOf(last()));
        last().settle(acknowledged);
        await turns();
      }
      assert.deepEqual(order, ['1', '2', '3']);
    });
  });
}
