import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { bound, type ContractBench, failed, fixedBackoff } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

export function lookingContract(on: ContractBench): void {
  describe('looking and purging', () => {
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
  });
}
