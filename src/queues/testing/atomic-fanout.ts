import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bound, type ContractBench } from './contract-bench.ts';
import { twoAtMost } from './entering.ts';

/** All queues of a publish get it, or none. */
export function atomicFanoutContract(on: ContractBench): void {
  describe('fan-out', () => {
    test('nothing is dropped for a message that another of its queues refuses', async () => {
      await on.engine.declare('orders', twoAtMost);
      await on.engine.declare('small', { ...bound, limits: { messages: 2, bytes: 0 } });
      await on.sendAll('1', '2');
      await assert.rejects(on.send('3'), { code: 'queue_full', message: /"small"/ });
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
      assert.equal((await on.engine.stats('orders')).dropped.overflow, 0);
    });

    test('a message that one of its queues cannot take goes to none', async () => {
      await on.engine.declare('small', { ...bound, limits: { messages: 1, bytes: 0 } });
      await on.engine.declare('large', bound);
      await on.send('fits');
      await assert.rejects(on.send('does not'), { code: 'queue_full', message: /"small"/ });
      assert.deepEqual(await on.payloadsIn('large'), ['fits']);
      assert.equal((await on.engine.stats('small')).rejected, 1);
    });
  });
}
