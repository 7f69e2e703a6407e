import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MessageProperties } from '../../message.ts';
import { bound, type ContractBench, failed } from './contract-bench.ts';
import { RecordingConsumer, turns } from './recording-consumer.ts';

const minuteMs = 60_000;
const at = (priority: string): { properties: MessageProperties } => ({
  properties: { userProperties: [['sluice-priority', priority]] },
});

/** All that is ready, in the order in which it comes. */
async function drained(on: ContractBench, count: number): Promise<string[]> {
  const consumer = new RecordingConsumer('drain', { acknowledges: true });
  const consumption = await on.engine.consume('orders', consumer, { credit: 1 });
  await consumer.delivery(count);
  consumption.stop();
  return consumer.payloads;
}

export function prioritizingContract(on: ContractBench): void {
  describe('prioritizing', () => {
    test('the highest priority goes first, and within one what came first', async () => {
      await on.engine.declare('orders', { ...bound, priorities: 5 });
      await on.send('low 1', at('1'));
      await on.send('high 1', at('5'));
      await on.send('none');
      await on.send('middle', at('3'));
      await on.send('high 2', at('5'));
      const { readyByPriority, ready } = await on.engine.stats('orders');
      assert.deepEqual([readyByPriority, ready], [[2, 0, 1, 0, 2], 5]);
      assert.deepEqual(await on.payloadsIn('orders'), ['low 1', 'high 1', 'none', 'middle', 'high 2']);
      assert.deepEqual(await drained(on, 5), ['high 1', 'high 2', 'middle', 'low 1', 'none']);
    });

    test('a priority above the levels of the queue is its highest, and one that is none is refused', async () => {
      await on.engine.declare('orders', { ...bound, priorities: 2 });
      await on.send('low', at('1'));
      await on.send('high', at('10'));
      for (const priority of ['0', '11', 'urgent', '']) {
        await assert.rejects(on.send('x', at(priority)), { code: 'invalid_argument' }, priority);
      }
      assert.deepEqual(await drained(on, 2), ['high', 'low']);
      await on.engine.declare('orders', { priorities: 1 });
      await on.send('of no interest to a queue without priorities', at('urgent'));
    });

    test('waiting lifts a message by a level a minute, and the highest level is shared in the order of arrival', async () => {
      await on.engine.declare('orders', { ...bound, priorities: 3 });
      await on.send('low', at('1'));
      on.clock.advance(minuteMs);
      await on.send('middle', at('2'));
      assert.deepEqual((await on.engine.stats('orders')).readyByPriority, [1, 1, 0]);
      on.clock.advance(minuteMs - 1);
      await on.send('high', at('3'));
      const consumer = new RecordingConsumer('one', { acknowledges: true });
      const consumption = await on.engine.consume('orders', consumer, { credit: 1 });
      await consumer.delivery(3);
      consumption.stop();
      assert.deepEqual(consumer.payloads, ['high', 'low', 'middle']);
      await on.send('low', at('1'));
      on.clock.advance(2 * minuteMs);
      await on.send('high', at('3'));
      assert.deepEqual(await drained(on, 2), ['low', 'high']);
    });

    test('without ageing it is strict, however long one has waited', async () => {
      await on.engine.declare('orders', { ...bound, priorities: 2, priorityAgeingMs: 0, ttlMs: 0 });
      await on.send('low', at('1'));
      on.clock.advance(1_000 * minuteMs);
      await on.send('high', at('2'));
      assert.deepEqual(await drained(on, 2), ['high', 'low']);
    });

    test('other levels hold at once: what waits keeps the place that it has', async () => {
      await on.engine.declare('orders', bound);
      await on.send('before', at('3'));
      await on.engine.declare('orders', { priorities: 3 });
      await on.send('low', at('1'));
      await on.send('high', at('3'));
      await on.engine.declare('orders', { priorities: 2 });
      await on.send('high too', at('2'));
      assert.deepEqual(await drained(on, 4), ['high', 'high too', 'before', 'low']);
      await on.engine.declare('orders', { priorities: 1 });
      await on.send('1', at('9'));
      await on.send('2');
      assert.deepEqual(await drained(on, 2), ['1', '2']);
    });

    test('priorities survive a restart, a failure and a delay', async () => {
      const backoff = { kind: 'fixed', initialMs: 1_000, jitter: 0 } as const;
      await on.engine.declare('orders', { ...bound, priorities: 3, backoff });
      await on.send('low', at('1'));
      await on.send('fails', at('3'));
      const userProperties = [...(at('2').properties.userProperties ?? []), ['sluice-delay', '1000'] as const];
      await on.send('delayed', { properties: { userProperties } });
      const { consumer, consumption } = await on.consume('orders', 1);
      (await consumer.delivery(1)).settle(failed);
      consumption.stop();
      await on.reopen();
      on.clock.advance(1_000);
      await turns();
      assert.deepEqual(await drained(on, 3), ['fails', 'delayed', 'low']);
    });

    test('what is moved takes its priority along', async () => {
      await on.engine.declare('orders', { ...bound, priorities: 3 });
      await on.engine.declare('others', { bindings: [{ filter: 'others' }] });
      await on.send('low', { topic: 'others', ...at('1') });
      await on.send('high', { topic: 'others', ...at('3') });
      const { id } = await on.engine.startMove({ from: 'others', to: 'orders' });
      await on.engine.moveStatus(id, 1);
      assert.deepEqual(await drained(on, 2), ['high', 'low']);
    });
  });
}
