import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bound, type ContractBench } from './contract-bench.ts';
import { messageOf, publish, RecordingConsumer, turns } from './recording-consumer.ts';

export function declaringContract(on: ContractBench): void {
  describe('declaring', () => {
    test('a queue is made with defaults and found again', async () => {
      const made = await on.engine.declare('orders', bound);
      assert.equal(made.options.maxDeliveries, 5);
      assert.equal(made.options.deadLetter, 'orders.dead');
      assert.deepEqual(await on.engine.info('orders'), made);
      assert.deepEqual(await on.engine.list(), [made]);
    });

    test('declaring again changes only what is given', async () => {
      await on.engine.declare('orders', { ...bound, leaseMs: 60_000 });
      const changed = await on.engine.declare('orders', { maxDeliveries: 2 });
      assert.equal(changed.options.leaseMs, 60_000);
      assert.equal(changed.options.maxDeliveries, 2);
      assert.deepEqual(changed.options.bindings, bound.bindings);
    });

    test('the list of queues follows every change', async () => {
      const orders = await on.engine.declare('orders', bound);
      assert.deepEqual(await on.engine.list(), [orders]);
      const returns = await on.engine.declare('returns', { deadLetter: null });
      assert.deepEqual(await on.engine.list(), [orders, returns]);
      const changed = await on.engine.declare('orders', { maxDeliveries: 2 });
      assert.deepEqual(await on.engine.list(), [changed, returns]);
      await on.engine.remove('orders');
      assert.deepEqual(await on.engine.list(), [returns]);
    });

    test('what is not valid is refused with a sentence that names it', async () => {
      await assert.rejects(on.engine.declare('a b', {}), {
        code: 'invalid_argument',
        message: /"a b".*letters, digits/,
      });
      await assert.rejects(on.engine.declare('a', { leaseMs: 5 }), {
        code: 'invalid_argument',
        message: /"leaseMs".*1000.*5/,
      });
      await assert.rejects(on.engine.declare('a', { lease: 5 } as object), { message: /no option "lease"; there are/ });
      await assert.rejects(on.engine.declare('a', { bindings: [{ filter: 'a/#/b' }] }), { message: /"bindings"/ });
      await assert.rejects(on.engine.declare('a', { deadLetter: 'a' }), { message: /another queue/ });
      assert.deepEqual(await on.engine.list(), []);
    });

    test('dead letters that would come back to their queue are refused', async () => {
      await on.engine.declare('a', { deadLetter: 'b' });
      await assert.rejects(on.engine.declare('b', { deadLetter: 'a' }), {
        code: 'invalid_argument',
        message: /"b" → "a" → "b"/,
      });
      await on.engine.declare('b', { deadLetter: 'c' });
      await assert.rejects(on.engine.declare('c', { deadLetter: 'a' }), { message: /"c" → "a" → "b" → "c"/ });
      await assert.rejects(on.engine.declare('b', { deadLetter: 'b' }), { code: 'invalid_argument' });
      assert.equal((await on.engine.info('b')).options.deadLetter, 'c');
      await on.engine.declare('a', { deadLetter: null });
      await on.engine.declare('c', { deadLetter: 'a' });
    });

    test('a queue that does not exist is said to be not found', async () => {
      const consumer = new RecordingConsumer();
      await assert.rejects(on.engine.info('nope'), { code: 'queue_not_found' });
      await assert.rejects(on.engine.consume('nope', consumer, { credit: 1 }), { code: 'queue_not_found' });
      await assert.rejects(on.engine.remove('nope'), { code: 'queue_not_found' });
      await assert.rejects(on.engine.browse('nope', { from: 0, limit: 1 }), { code: 'queue_not_found' });
      await assert.rejects(publish(on.engine.destination('nope'), messageOf('x')), { code: 'queue_not_found' });
    });

    test('new options hold at once for consumers that are there', async () => {
      await on.engine.declare('orders', { ...bound, paused: true, maxInflightPerConsumer: 1 });
      const { consumer } = await on.consume('orders', 10);
      await on.sendAll('1', '2', '3');
      await turns();
      assert.deepEqual(consumer.payloads, []);
      await on.engine.declare('orders', { paused: false });
      await consumer.delivery(1);
      await turns();
      assert.deepEqual(consumer.payloads, ['1']);
      await on.engine.declare('orders', { maxInflightPerConsumer: 3 });
      await consumer.delivery(3);
    });
  });
}
