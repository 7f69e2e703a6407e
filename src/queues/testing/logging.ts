import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type Delivery, released } from '../../message.ts';
import type { ConsumeRequest, GroupInfo } from '../engine.ts';
import type { GivenQueueOptions } from '../options.ts';
import { type ContractBench, failed, fixedBackoff, rejected } from './contract-bench.ts';
import { RecordingConsumer, turns } from './recording-consumer.ts';

const log: GivenQueueOptions = { kind: 'log', bindings: [{ filter: 'orders/#' }], group: { start: 'earliest' } };
const keyed: GivenQueueOptions = { ...log, ordering: 'key', orderingKey: 'topic' };

export function loggingContract(on: ContractBench): void {
  const join = async (group: string, more: Partial<ConsumeRequest> = {}, acknowledges = false) => {
    const consumer = new RecordingConsumer(group, { acknowledges });
    return { consumer, consumption: await on.engine.consume('orders', consumer, { credit: 10, group, ...more }) };
  };
  const infoOf = async (group: string): Promise<GroupInfo> => {
    const found = (await on.engine.groups('orders')).find(({ name }) => name === group);
    assert.ok(found !== undefined);
    return found;
  };
  /** Resolves when everything that was said so far is on disk, and what follows from it has been done. */
  const flushed = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await on.engine.browse('orders', { from: 0, limit: 1 });
      await turns();
    }
  };
  /** What is there once nothing changes any more. */
  const payloads = async (): Promise<string[]> => {
    await flushed();
    return on.payloadsIn('orders');
  };
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
