import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { bound, type ContractBench } from './contract-bench.ts';
import { messageOf, publish } from './recording-consumer.ts';

export function routingContract(on: ContractBench): void {
  describe('routing', () => {
    test('a topic leads to every queue that is bound to it, and nowhere else', async () => {
      await on.engine.declare('all', { bindings: [{ filter: '#' }] });
      await on.engine.declare('orders', { bindings: [{ filter: 'orders/+' }, { filter: 'orders/#' }] });
      await on.engine.declare('other', { bindings: [{ filter: 'other' }] });
      await on.send('hello');
      assert.deepEqual(await on.payloadsIn('all'), ['hello']);
      assert.deepEqual(await on.payloadsIn('orders'), ['hello']);
      assert.deepEqual(await on.payloadsIn('other'), []);
      await on.engine.remove('all');
      assert.equal(on.engine.route('elsewhere'), undefined);
    });

    test('listeners are told when bindings change', async () => {
      let told = 0;
      on.engine.onRoutesChanged(() => told++);
      await on.engine.declare('orders', bound);
      assert.equal(told, 1);
      await on.engine.declare('orders', { maxDeliveries: 3 });
      assert.equal(told, 1);
      await on.engine.declare('orders', { bindings: [{ filter: 'moved' }] });
      assert.equal(told, 2);
      assert.equal(on.engine.route('orders/new'), undefined);
      await on.engine.remove('orders');
      assert.equal(told, 3);
    });

    test('listeners are told when a new queue passes on what another one buries', async () => {
      await on.engine.declare('orders', { ...bound, deadLetter: 'between' });
      await on.engine.declare('end', { deadLetter: null });
      let told = 0;
      on.engine.onRoutesChanged(() => told++);
      await on.engine.declare('between', { deadLetter: 'end' });
      assert.equal(told, 1);
      await on.engine.declare('alone', { deadLetter: null });
      assert.equal(told, 1);
    });

    test('a binding with headers takes messages with all of them, or any', async () => {
      const red = ['colour', 'red'] as const;
      const large = ['size', 'large'] as const;
      const asked = { colour: 'red', size: 'large' };
      await on.engine.declare('all', { bindings: [{ filter: 'orders/#', headers: { match: 'all', ...asked } }] });
      await on.engine.declare('any', { bindings: [{ filter: 'orders/#', headers: { match: 'any', ...asked } }] });
      await on.engine.declare('every', bound);
      const send = (payload: string, ...userProperties: (readonly [string, string])[]): Promise<void> =>
        on.send(payload, { properties: { userProperties } });
      await send('both', red, large);
      await send('one', ['size', 'small'], large);
      await send('wrong', ['colour', 'blue']);
      await on.send('none');
      assert.deepEqual(await on.payloadsIn('all'), ['both']);
      assert.deepEqual(await on.payloadsIn('any'), ['both', 'one']);
      assert.deepEqual(await on.payloadsIn('every'), ['both', 'one', 'wrong', 'none']);
    });

    test('a queue with several bindings gets a message once, and nothing of those that are gone', async () => {
      const headers = (colour: string) => ({ match: 'all', colour }) as const;
      const bindings = [
        { filter: 'orders/#', headers: headers('red') },
        { filter: 'orders/#', headers: headers('blue') },
        { filter: 'orders/new', headers: headers('red') },
      ];
      await on.engine.declare('orders', { bindings });
      const send = (payload: string, colour: string): Promise<void> =>
        on.send(payload, { properties: { userProperties: [['colour', colour]] } });
      await send('1', 'red');
      await send('2', 'blue');
      await assert.rejects(send('3', 'green'), /leads nowhere/);
      await on.engine.declare('orders', { bindings: bindings.slice(1, 2) });
      await on.reopen();
      await assert.rejects(send('4', 'red'), /leads nowhere/);
      await send('5', 'blue');
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2', '5']);
    });

    test('a queue takes messages by its name', async () => {
      await on.engine.declare('named', {});
      await publish(on.engine.destination('named'), messageOf('direct'));
      assert.deepEqual(await on.payloadsIn('named'), ['direct']);
    });

    test('a message that cannot be stored is refused through its receipt, and is in none of its queues', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('all', { bindings: [{ filter: '#' }] });
      await assert.rejects(on.send('long', { publisher: 'p'.repeat(65_536) }), { code: 'invalid_argument' });
      await assert.rejects(on.send('long', { topic: `orders/${'t'.repeat(65_536)}` }), { code: 'invalid_topic' });
      for (const queue of ['orders', 'all']) {
        assert.deepEqual(await on.payloadsIn(queue), []);
        const { enqueued, rejected } = await on.engine.stats(queue);
        assert.deepEqual({ enqueued, rejected }, { enqueued: 0, rejected: 2 });
      }
      await on.send('fits', { publisher: 'p'.repeat(65_535) });
      assert.deepEqual(await on.payloadsIn('orders'), ['fits']);
    });

    test('a limit in bytes refuses what would pass it, and acknowledging makes room', async () => {
      await on.engine.declare('orders', { ...bound, limits: { messages: 0, bytes: 300 } });
      await on.send('x'.repeat(150));
      await assert.rejects(on.send('x'.repeat(150)), { code: 'queue_full' });
      const { consumer } = await on.consume('orders', 1);
      (await consumer.delivery(1)).settle(acknowledged);
      await on.send('x'.repeat(150));
    });
  });
}
