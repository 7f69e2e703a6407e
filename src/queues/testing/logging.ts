import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type Delivery } from '../../message.ts';
import type { ConsumeRequest } from '../engine.ts';
import { type ContractBench, failed } from './contract-bench.ts';
import { log, logBench } from './log-bench.ts';
import { RecordingConsumer, turns } from './recording-consumer.ts';

export function loggingContract(on: ContractBench): void {
  const { join, infoOf, flushed, payloads } = logBench(on);
  const textOf = ({ message }: Delivery): string => message.payload.toString();

  describe('logs', () => {
    test('each group reads everything, and the members of one group share it', async () => {
      await on.engine.declare('orders', log);
      await on.sendAll('1', '2', '3', '4');
      const alone = await join('alone');
      const shared = [await join('shared', { credit: 2 }), await join('shared', { credit: 2 })];
      await alone.consumer.delivery(4);
      assert.deepEqual(alone.consumer.payloads, ['1', '2', '3', '4']);
      for (const { consumer } of shared) await consumer.delivery(2);
      assert.deepEqual(shared.flatMap(({ consumer }) => consumer.payloads).sort(), ['1', '2', '3', '4']);
    });

    test('a message stays when everybody has acknowledged it', async () => {
      await on.engine.declare('orders', log);
      const { consumer } = await join('reader', {}, true);
      await on.sendAll('1', '2');
      await consumer.delivery(2);
      assert.deepEqual(await payloads(), ['1', '2']);
      const stats = await on.engine.stats('orders');
      assert.deepEqual([stats.ready, stats.acknowledged, stats.enqueued], [2, 2, 2]);
    });

    test('a group goes on where it was, also over a restart, and what it did not settle comes again', async () => {
      await on.engine.declare('orders', log);
      await on.sendAll('1', '2', '3', '4', '5');
      const { consumer, consumption } = await join('reader');
      await consumer.delivery(5);
      // Out of order: 1, 2 and 4 are settled.
      for (const index of [3, 0, 1]) consumer.deliveries[index].settle(acknowledged);
      assert.equal((await infoOf('reader')).lagMessages, 2);
      consumption.stop();
      await flushed();
      await on.reopen();
      assert.deepEqual(
        [(await infoOf('reader')).position, (await infoOf('reader')).lagMessages],
        [consumer.deliveries[2].sequence, 2],
      );
      await on.send('6');
      const again = await join('reader');
      await again.consumer.delivery(3);
      await turns();
      assert.deepEqual(again.consumer.payloads, ['3', '5', '6']);
      assert.deepEqual(
        again.consumer.deliveries.map(({ attempt }) => attempt),
        [1, 1, 1],
      );
    });

    test('a new group begins where it is told to: the latest, the earliest, a sequence, a time', async () => {
      await on.engine.declare('orders', { ...log, group: { start: 'latest' } });
      const sent: number[] = [];
      for (const payload of ['1', '2', '3', '4']) {
        on.clock.advance(1_000);
        sent.push(on.clock.now());
        await on.send(payload);
      }
      const all = await on.engine.browse('orders', { from: 0, limit: 10 });
      const cases: [string, ConsumeRequest['start'], string[]][] = [
        ['default', undefined, []],
        ['latest', 'latest', []],
        ['earliest', 'earliest', ['1', '2', '3', '4']],
        ['sequence', { sequence: all.messages[2].sequence }, ['3', '4']],
        ['below', { sequence: 0 }, ['1', '2', '3', '4']],
        ['beyond', { sequence: 1_000_000 }, []],
        ['time', { timeMs: sent[1] }, ['2', '3', '4']],
        ['between', { timeMs: sent[1] + 1 }, ['3', '4']],
        ['before', { timeMs: 0 }, ['1', '2', '3', '4']],
        ['after', { timeMs: sent[3] + 1 }, []],
      ];
      for (const [group, start, expected] of cases) {
        const { consumer } = await join(group, start === undefined ? {} : { start });
        await on.send(`end of ${group}`);
        await consumer.delivery(expected.length + 1);
        assert.deepEqual(consumer.payloads.slice(0, expected.length), expected, group);
      }
    });

    test('a group that is there keeps its position, whatever start says', async () => {
      await on.engine.declare('orders', log);
      await on.sendAll('1', '2');
      const first = await join('reader', {}, true);
      await first.consumer.delivery(2);
      first.consumption.stop();
      const second = await join('reader', { start: 'earliest' });
      await on.send('3');
      await second.consumer.delivery(1);
      assert.deepEqual(second.consumer.payloads, ['3']);
    });

    test('seek goes back for one group while another reads on, and leases of before are lost', async () => {
      await on.engine.declare('orders', { ...log, backoff: { kind: 'none' } });
      await on.sendAll('1', '2', '3');
      const other = await join('other', {}, true);
      const { consumer } = await join('reader', { credit: 3 });
      const before = await consumer.delivery(3);
      consumer.deliveries[0].settle(acknowledged);
      const info = await on.engine.seek('orders', 'reader', { sequence: consumer.deliveries[1].sequence });
      assert.deepEqual([info.position, info.lagMessages], [before.sequence - 1, 2]);
      assert.equal(before.held, false);
      assert.equal(before.settle(acknowledged), false);
      consumer.deliveries[1].settle(failed);
      assert.deepEqual(textOf(await consumer.delivery(4)), '2');
      assert.deepEqual(textOf(await consumer.delivery(5)), '3');
      assert.equal((await infoOf('reader')).failed, 0);
      await on.send('4');
      await other.consumer.delivery(4);
      assert.deepEqual(other.consumer.payloads, ['1', '2', '3', '4']);
    });

    test('seek makes a group that is not there, and to the end it has no lag', async () => {
      await on.engine.declare('orders', log);
      await on.sendAll('1', '2');
      assert.equal((await on.engine.seek('orders', 'new', 'earliest')).lagMessages, 2);
      assert.equal((await on.engine.seek('orders', 'new', 'latest')).lagMessages, 0);
      await on.reopen();
      assert.equal((await infoOf('new')).lagMessages, 0);
    });

    test('messages are leased for a group by request, settled by token, and kept from others meanwhile', async () => {
      await on.engine.declare('orders', log);
      await on.sendAll('1', '2', '3');
      const request = { consumerId: 'h', max: 2, waitMs: 0 };
      const a = await on.engine.lease('orders', { ...request, group: 'a' });
      const b = await on.engine.lease('orders', { ...request, group: 'b' });
      assert.deepEqual([a.length, b.length], [2, 2]);
      const tokens = [a[0].token, b[0].token];
      assert.deepEqual(await on.engine.settle('orders', [...tokens, 'made-up'], acknowledged), [
        { token: tokens[0], ok: true },
        { token: tokens[1], ok: true },
        { token: 'made-up', ok: false, code: 'lease_lost' },
      ]);
      assert.deepEqual(await on.engine.extend('orders', [a[1].token], 60_000), [{ token: a[1].token, ok: true }]);
      assert.deepEqual([(await infoOf('a')).lagMessages, (await infoOf('b')).lagMessages], [2, 2]);
      const waiting = on.engine.lease('orders', { ...request, max: 5, waitMs: 20_000, group: 'new' });
      assert.equal((await waiting).length, 3);
    });

    test('lag is told in messages and in time, with the time that it takes at the pace of the last minute', async () => {
      await on.engine.declare('orders', log);
      await on.sendAll('1', '2', '3', '4', '5', '6');
      const { consumer } = await join('reader');
      await consumer.delivery(6);
      assert.equal((await infoOf('reader')).timeToDrainMs, undefined);
      on.clock.advance(12_000);
      for (const index of [0, 1, 3]) consumer.deliveries[index].settle(acknowledged);
      const info = await infoOf('reader');
      assert.deepEqual([info.lagMessages, info.lagMs, info.timeToDrainMs, info.acknowledged], [3, 12_000, 60_000, 3]);
      for (const index of [2, 4, 5]) consumer.deliveries[index].settle(acknowledged);
      const { lagMessages, lagMs, timeToDrainMs } = await infoOf('reader');
      assert.deepEqual([lagMessages, lagMs, timeToDrainMs], [0, 0, 0]);
    });

    test('a group is removed with its position, and one that nobody uses goes after its time', async () => {
      await on.engine.declare('orders', { ...log, group: { start: 'earliest', expiryMs: 60_000 } });
      await on.send('1');
      const kept = await join('kept', {}, true);
      const { consumer, consumption } = await join('left', {}, true);
      const removed = await join('removed', {}, true);
      for (const each of [kept, removed]) await each.consumer.delivery(1);
      await consumer.delivery(1);
      consumption.stop();
      await on.engine.removeGroup('orders', 'removed');
      assert.equal(removed.consumer.endedWith?.code, 'not_found');
      await assert.rejects(on.engine.removeGroup('orders', 'removed'), { code: 'not_found' });
      on.clock.advance(59_999);
      await flushed();
      assert.deepEqual(
        (await on.engine.groups('orders')).map(({ name }) => name),
        ['kept', 'left'],
      );
      on.clock.advance(1);
      await flushed();
      assert.deepEqual(
        (await on.engine.groups('orders')).map(({ name }) => name),
        ['kept'],
      );
      const again = await join('removed');
      assert.equal(textOf(await again.consumer.delivery(1)), '1');
    });

    test('what does not go together is refused: a log without a group, a group of a work queue, a name, a change of kind', async () => {
      await on.engine.declare('orders', log);
      await on.engine.declare('work', {});
      const consumer = new RecordingConsumer();
      await assert.rejects(on.engine.consume('orders', consumer, { credit: 1 }), { code: 'invalid_argument' });
      await assert.rejects(on.engine.consume('work', consumer, { credit: 1, group: 'g' }), {
        code: 'invalid_argument',
      });
      await assert.rejects(on.engine.consume('orders', consumer, { credit: 1, group: 'a b' }), {
        code: 'invalid_argument',
        message: /a name takes 1 to 128 letters/,
      });
      await assert.rejects(on.engine.groups('work'), { code: 'invalid_argument' });
      await assert.rejects(on.engine.seek('work', 'g', 'latest'), { code: 'invalid_argument' });
      await assert.rejects(on.engine.declare('orders', { kind: 'work' }), { code: 'conflict' });
      await assert.rejects(on.engine.startMove({ from: 'orders', to: 'work' }), { code: 'invalid_argument' });
    });

    test('one publish to a log and a work queue is in both, and a paused log delivers nothing', async () => {
      await on.engine.declare('orders', { ...log, paused: true });
      await on.engine.declare('work', { bindings: [{ filter: 'orders/new' }] });
      const { consumer } = await join('reader');
      await on.send('1');
      assert.deepEqual(await on.payloadsIn('work'), ['1']);
      await turns();
      assert.equal(consumer.deliveries.length, 0);
      await on.engine.declare('orders', { paused: false });
      assert.equal(textOf(await consumer.delivery(1)), '1');
    });
  });
}
