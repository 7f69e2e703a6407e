import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import type { MoveSpec, MoveStatus } from '../move-spec.ts';
import type { ContractBench } from './contract-bench.ts';
import { log, logBench } from './log-bench.ts';
import { moved, settled } from './moving.ts';

const copy = { from: 'orders', to: 'target', copy: true } as const;

function numbersOf({ state, scanned, total, matched, moved, copied, skipped }: MoveStatus) {
  return { state, scanned, total, matched, moved, copied, skipped };
}

/** Moves whose source is a log. */
export function copyingContract(on: ContractBench): void {
  /** `orders` is a log of messages that came a second after each other. */
  const open = async (...payloads: string[]): Promise<void> => {
    await on.engine.declare('orders', log);
    await on.engine.declare('target', {});
    for (const payload of payloads) {
      await on.send(payload);
      on.clock.advance(1_000);
    }
  };

  /** What a copy of that part brings. */
  const partOf = async (part: Pick<MoveSpec, 'start' | 'end'>): Promise<string[]> => {
    await on.engine.purge('target');
    const { total, copied } = await moved(on, { ...copy, ...part });
    assert.equal(copied, total);
    return on.payloadsIn('target');
  };

  describe('copying out of a log', () => {
    test('all that the log holds comes, in its order, and the log keeps it', async () => {
      await open('1', '2', '3');
      const { join, infoOf } = logBench(on);
      const { consumer } = await join('g', { credit: 2 });
      (await consumer.delivery(1)).settle(acknowledged);
      assert.deepEqual(numbersOf(await moved(on, copy)), {
        state: 'done',
        scanned: 3,
        total: 3,
        matched: 3,
        moved: 0,
        copied: 3,
        skipped: [],
      });
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2', '3']);
      assert.deepEqual(await on.payloadsIn('target'), ['1', '2', '3']);
      assert.equal((await infoOf('g')).position, 2);
      const { ready, moved: left } = await on.engine.stats('orders');
      assert.deepEqual({ ready, left }, { ready: 3, left: 0 });
    });

    test('it begins and ends at a place, and what begins where another ended brings the rest', async () => {
      const began = on.clock.now();
      await open('1', '2', '3', '4');
      const at = (ms: number): string => new Date(began + ms).toISOString();
      assert.deepEqual(await partOf({ start: '3' }), ['3', '4']);
      assert.deepEqual(await partOf({ end: '3' }), ['1', '2']);
      assert.deepEqual(await partOf({ start: at(1_000), end: at(2_500) }), ['2', '3']);
      assert.deepEqual(await partOf({ start: at(2_500), end: at(3_600_000) }), ['4']);
      assert.deepEqual(await partOf({ start: 'earliest', end: 'latest' }), ['1', '2', '3', '4']);
      assert.deepEqual(await partOf({ start: 'latest' }), []);
      assert.deepEqual(await partOf({ start: '99' }), []);
    });

    test('a filter, an edit and a limit hold for a copy too', async () => {
      await open('a', 'b', 'a', 'a');
      const edit = { setUserProperties: [['copied', 'yes']] } as const;
      const filter = { fromSequence: 2, topic: 'orders/#' };
      const status = await moved(on, { ...copy, filter, edit, limit: 2 });
      assert.deepEqual([status.state, status.scanned, status.matched, status.copied], ['done', 3, 2, 2]);
      const { messages } = await on.engine.browse('target', { from: 0, limit: 9 });
      assert.deepEqual(
        messages.map(({ message }) => [message.payload.toString(), message.properties]),
        [
          ['b', { userProperties: [['copied', 'yes']] }],
          ['a', { userProperties: [['copied', 'yes']] }],
        ],
      );
      assert.deepEqual(await on.payloadsIn('orders'), ['a', 'b', 'a', 'a']);
    });

    test('a preview says what a copy would bring, and brings nothing', async () => {
      await open('1', '2', '3');
      const { matched, movable, samples } = await on.engine.previewMove({ ...copy, start: '2' });
      assert.deepEqual({ matched, movable }, { matched: 2, movable: 2 });
      assert.deepEqual(
        samples.map(({ sequence, to, message }) => [sequence, to, message.payload.toString()]),
        [
          [2, 'target', '2'],
          [3, 'target', '3'],
        ],
      );
      assert.deepEqual(await on.payloadsIn('target'), []);
    });

    test('what cannot be asked is refused, with what can', async () => {
      await open('1');
      await on.engine.declare('work', {});
      const refusals: readonly [Partial<MoveSpec>, RegExp][] = [
        [
          { copy: false },
          /Cannot move messages out of "orders": it is a log.*copy them: POST \/v1\/moves with "copy": true, or `sluice move start orders --copy`/,
        ],
        [{ to: 'orders' }, /Cannot copy log "orders" into itself/],
        [{ from: 'work' }, /Cannot copy messages of "work": it is a work queue.*move them/],
        [{ from: 'work', copy: false, start: '1' }, /Cannot start or end at a place of "work".*fromSequence/],
        [{ start: 'yesterday' }, /Cannot start at "yesterday": expected earliest/],
        [{ end: '-1' }, /Cannot end at "-1": expected earliest/],
        [{ start: 'latest', end: 'earliest' }, /would start at 2 and end at 1/],
      ];
      for (const [wrong, message] of refusals) {
        await assert.rejects(on.engine.startMove({ ...copy, ...wrong }), { code: 'invalid_argument', message });
        await assert.rejects(on.engine.previewMove({ ...copy, ...wrong }), { code: 'invalid_argument', message });
      }
      assert.deepEqual(await on.engine.moves(), []);
      assert.match((await moved(on, { from: 'orders', copy: true })).skipped[0].reason, /no dead letter/);
    });

    test('a copy publishes nothing: into a queue of the same topics each message comes once more, and the log does not grow', async () => {
      await on.engine.declare('orders', log);
      await on.engine.declare('target', { bindings: [{ filter: 'orders/#' }], deadLetter: 'orders' });
      await on.sendAll('1', '2');
      assert.equal((await moved(on, copy)).copied, 2);
      assert.deepEqual(await on.payloadsIn('target'), ['1', '2', '1', '2']);
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
    });

    test('messages that come after its beginning are not meant, also where two logs are copied into each other', async () => {
      await open('1', '2');
      await on.engine.declare('other', { kind: 'log' });
      const one = await on.engine.startMove({ ...copy, to: 'other', rate: 1 });
      await settled(on);
      const back = await on.engine.startMove({ ...copy, from: 'other', to: 'orders' });
      await on.send('later');
      for (let second = 0; second < 3; second++) {
        await settled(on);
        on.clock.advance(1_000);
      }
      assert.equal((await on.engine.moveStatus(back.id, 1)).copied, 1);
      assert.equal((await on.engine.moveStatus(one.id, 1)).copied, 2);
      assert.deepEqual(await on.payloadsIn('other'), ['1', '2']);
      assert.deepEqual((await on.payloadsIn('orders')).sort(), ['1', '1', '2', 'later']);
    });

    test('a copy that is cut short goes on where it was: by a restart, or cancelled and resumed', async () => {
      await open('1', '2', '3', '4');
      const { id } = await on.engine.startMove({ ...copy, start: '2', rate: 1 });
      await settled(on);
      await on.reopen();
      await settled(on);
      const cancelled = await on.engine.cancelMove(id);
      assert.deepEqual([cancelled.state, cancelled.copied], ['cancelled', 2]);
      await on.send('later');
      assert.equal((await on.engine.resumeMove(id)).state, 'running');
      for (let second = 0; second < 3; second++) {
        await settled(on);
        on.clock.advance(1_000);
      }
      const { state, copied, scanned, total } = await on.engine.moveStatus(id, 1);
      assert.deepEqual({ state, copied, scanned, total }, { state: 'done', copied: 3, scanned: 3, total: 3 });
      assert.deepEqual(await on.payloadsIn('target'), ['2', '3', '4']);
    });

    test('a copy waits while its target is full, and goes on when there is room', async () => {
      await open('1', '2', '3');
      await on.engine.declare('target', { limits: { messages: 2, bytes: 0 } });
      const { id } = await on.engine.startMove(copy);
      await settled(on);
      const waiting = await on.engine.moveStatus(id);
      assert.deepEqual([waiting.state, waiting.copied], ['waiting', 2]);
      await on.engine.purge('target');
      on.clock.advance(1_000);
      await settled(on);
      assert.equal((await on.engine.moveStatus(id, 1)).state, 'done');
      assert.deepEqual(await on.payloadsIn('target'), ['3']);
    });

    test('what leaves the log before its turn is not copied, and shows as not looked at', async () => {
      await open('1', '2', '3', '4');
      const { id } = await on.engine.startMove({ ...copy, rate: 1 });
      await settled(on);
      await on.engine.declare('orders', { retention: { messages: 1 } });
      for (let second = 0; second < 3; second++) {
        await logBench(on).flushed();
        await settled(on);
        on.clock.advance(1_000);
      }
      const { state, copied, scanned, total } = await on.engine.moveStatus(id, 1);
      assert.deepEqual({ state, copied, scanned, total }, { state: 'done', copied: 2, scanned: 2, total: 4 });
      assert.deepEqual(await on.payloadsIn('target'), ['1', '4']);
    });

    test('what has expired by its own word is not copied, unless the edit gives it more time', async () => {
      await open();
      await on.send('1', { properties: { messageExpiryInterval: 5 } });
      await on.send('2');
      on.clock.advance(5_000);
      const { copied, skipped } = await moved(on, copy);
      assert.equal(copied, 1);
      assert.deepEqual(
        skipped.map(({ sequence }) => sequence),
        [1],
      );
      assert.match(skipped[0].reason, /expired.*expirySeconds/);
      assert.equal((await moved(on, { ...copy, edit: { expirySeconds: 60 } })).copied, 2);
    });

    test('dead letters in a log go back to where they came from, and stay in the log', async () => {
      await on.engine.declare('graves', { kind: 'log' });
      await on.engine.declare('work', { bindings: [{ filter: 'orders/#' }], deadLetter: 'graves', maxDeliveries: 1 });
      await on.send('1');
      const [{ token }] = await on.engine.lease('work', { consumerId: 'c', max: 1, waitMs: 0 });
      await on.engine.settle('work', [token], { kind: 'rejected', code: 'driver_failed', reason: 'no luck' });
      assert.equal((await moved(on, { from: 'graves', copy: true })).copied, 1);
      const [back] = (await on.engine.browse('work', { from: 0, limit: 1 })).messages;
      assert.deepEqual([back.attempts, back.death], [0, undefined]);
      assert.equal((await on.engine.browse('graves', { from: 0, limit: 9 })).messages.length, 1);
    });

    test('a copy whose log goes on the way fails, says so, and what was copied stays', async () => {
      await open('1', '2');
      const { id } = await on.engine.startMove({ ...copy, rate: 1 });
      await settled(on);
      await on.engine.remove('orders');
      on.clock.advance(1_000);
      await settled(on);
      const { state, copied, reason } = await on.engine.moveStatus(id, 1);
      assert.deepEqual({ state, copied }, { state: 'failed', copied: 1 });
      assert.match(reason ?? '', /"orders"/);
      assert.deepEqual(await on.payloadsIn('target'), ['1']);
    });
  });
}
