import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { type ContractBench, failed, fixedBackoff } from './contract-bench.ts';
import { log, logBench } from './log-bench.ts';
import { turns } from './recording-consumer.ts';

export function logRetainingContract(on: ContractBench): void {
  const { join, infoOf, flushed, payloads } = logBench(on);

  describe('retention and compaction', () => {
    test('retention by count and by bytes takes the oldest, and a group that fell behind skips them, counted', async () => {
      await on.engine.declare('orders', { ...log, retention: { messages: 3 } });
      await on.engine.seek('orders', 'slow', 'earliest');
      for (let number = 1; number <= 10; number++) await on.send(`${number}`);
      assert.deepEqual(await payloads(), ['8', '9', '10']);
      const info = await infoOf('slow');
      assert.deepEqual([info.skipped, info.lagMessages], [7, 3]);
      const { consumer } = await join('slow', {}, true);
      await consumer.delivery(3);
      assert.deepEqual(consumer.payloads, ['8', '9', '10']);
      const stats = await on.engine.stats('orders');
      assert.deepEqual([stats.dropped.retention, stats.ready], [7, 3]);
      await on.engine.declare('orders', { retention: { messages: 0, bytes: Math.floor(stats.bytes * 0.7) } });
      assert.deepEqual(await payloads(), ['9', '10']);
    });

    test('retention by age takes what is too old when its time has come', async () => {
      await on.engine.declare('orders', { ...log, retention: { ageMs: 10_000 } });
      await on.send('1');
      on.clock.advance(6_000);
      await on.send('2');
      assert.deepEqual(await payloads(), ['1', '2']);
      on.clock.advance(4_000);
      assert.deepEqual(await payloads(), ['2']);
      on.clock.advance(6_000);
      assert.deepEqual(await payloads(), []);
      assert.equal((await on.engine.stats('orders')).bytes, 0);
    });

    test('a message that is out when retention takes it can be settled, and is not tried again', async () => {
      await on.engine.declare('orders', { ...log, backoff: fixedBackoff });
      const { consumer } = await join('reader');
      await on.sendAll('1', '2', '3');
      await consumer.delivery(3);
      await on.engine.declare('orders', { retention: { messages: 1 } });
      assert.deepEqual(await payloads(), ['3']);
      assert.equal(consumer.deliveries[0].settle(acknowledged), true);
      consumer.deliveries[1].settle(failed);
      consumer.deliveries[2].settle(acknowledged);
      on.clock.advance(5_000);
      await turns();
      assert.equal(consumer.deliveries.length, 3);
      const info = await infoOf('reader');
      assert.deepEqual([info.skipped, info.lagMessages], [1, 0]);
    });

    test('sequences go on where they were, when a log has been emptied and opened again', async () => {
      await on.engine.declare('orders', log);
      const { consumer } = await join('reader', {}, true);
      await on.sendAll('1', '2');
      const { sequence } = await consumer.delivery(2);
      assert.equal(await on.engine.purge('orders'), 2);
      assert.deepEqual(await payloads(), []);
      await on.reopen();
      await on.send('3');
      const [message] = (await on.engine.browse('orders', { from: 0, limit: 1 })).messages;
      assert.equal(message.sequence, sequence + 1);
      assert.equal((await infoOf('reader')).lagMessages, 1);
    });

    test('compaction keeps the newest message of each key and all that have none', async () => {
      await on.engine.declare('orders', { ...log, retention: { compact: 'property:device' } });
      const of = (device: string) => ({ properties: { userProperties: [['device', device] as const] } });
      await on.send('a1', of('a'));
      await on.send('b1', of('b'));
      await on.send('none');
      await on.send('a2', of('a'));
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['b1', 'none', 'a2']);
      await on.reopen();
      await on.send('b2', of('b'));
      await on.send('a3', of('a'));
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['none', 'b2', 'a3']);
      const { consumer } = await join('late');
      await consumer.delivery(3);
      assert.deepEqual(consumer.payloads, ['none', 'b2', 'a3']);
      assert.equal((await on.engine.stats('orders')).dropped.superseded, 2);
    });

    test('compaction takes nothing that somebody who listens has not settled', async () => {
      await on.engine.declare('orders', { ...log, retention: { compact: 'topic' } });
      const { consumer } = await join('reader', { credit: 1 });
      await on.sendAll('1', '2', '3');
      const first = await consumer.delivery(1);
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['1', '2', '3']);
      first.settle(acknowledged);
      (await consumer.delivery(2)).settle(acknowledged);
      (await consumer.delivery(3)).settle(acknowledged);
      assert.deepEqual(consumer.payloads, ['1', '2', '3']);
      await on.send('4');
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['3', '4']);
    });

    test('where a log is compacted its other limits take what has no key, and the newest of each key stays', async () => {
      await on.engine.declare('orders', { ...log, retention: { compact: 'property:device', ageMs: 10_000 } });
      const a = { properties: { userProperties: [['device', 'a'] as const] } };
      await on.send('a1', a);
      await on.send('none');
      await flushed();
      on.clock.advance(10_000);
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['a1']);
      assert.equal((await on.engine.stats('orders')).dropped.retention, 1);
    });

    test('a compacted log that was emptied is compacted anew', async () => {
      await on.engine.declare('orders', { ...log, retention: { compact: 'topic' } });
      await on.sendAll('1', '2');
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['2']);
      assert.equal(await on.engine.purge('orders'), 1);
      await on.sendAll('3', '4');
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['4']);
    });

    test('the key of compaction can change while it runs', async () => {
      await on.engine.declare('orders', log);
      for (const number of [1, 2, 3, 4]) await on.send(`${number}`, { topic: `orders/${number % 2}` });
      await on.engine.declare('orders', { retention: { compact: 'topic' } });
      assert.deepEqual(await payloads(), ['3', '4']);
      await on.engine.declare('orders', { retention: { compact: 'topic:1' } });
      assert.deepEqual(await payloads(), ['4']);
      await on.engine.declare('orders', { retention: { compact: null } });
      await on.sendAll('5', '6');
      await flushed();
      on.clock.advance(1_000);
      assert.deepEqual(await payloads(), ['4', '5', '6']);
    });
  });
}
