import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import type { MoveSpec, MoveStatus } from '../move-spec.ts';
import { bound, type ContractBench, failed, fixedBackoff } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

/** What is called first and ended: the numbers of a move that nothing holds up. */
export async function moved(on: ContractBench, spec: MoveSpec): Promise<MoveStatus> {
  const { id } = await on.engine.startMove(spec);
  return on.engine.moveStatus(id, 1);
}

function numbersOf({ state, matched, moved, skipped }: MoveStatus) {
  return { state, matched, moved, skipped };
}

/** Lets a move that waits for nothing but the disk come to its next wait. */
export async function settled(on: ContractBench): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await on.engine.moves();
    await turns(2);
  }
}

export function movingContract(on: ContractBench): void {
  describe('moving', () => {
    test('dead letters go back to where they came from, as if new', async () => {
      await on.engine.declare('orders', { ...bound, maxDeliveries: 2, backoff: { ...fixedBackoff, kind: 'none' } });
      const { consumer, consumption } = await on.consume('orders', 1);
      await on.send('1');
      (await consumer.delivery(1)).settle(failed);
      (await consumer.delivery(2)).settle(failed);
      consumption.stop();
      assert.deepEqual(numbersOf(await moved(on, { from: 'orders.dead' })), {
        state: 'done',
        matched: 1,
        moved: 1,
        skipped: [],
      });
      assert.deepEqual(await on.payloadsIn('orders.dead'), []);
      const [back] = (await on.engine.browse('orders', { from: 0, limit: 1 })).messages;
      assert.equal(back.attempts, 0);
      assert.equal(back.death, undefined);
      assert.equal((await on.engine.stats('orders.dead')).moved, 1);
    });

    test('a preview says what would arrive where, and moves nothing', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('{"n":1}', 'no JSON', '{"n":2}', '{"n":3}');
      const spec = { from: 'orders', to: 'target', edit: { payloadPatch: { seen: true }, topic: 'orders/seen' } };
      const { matched, movable, skipped, samples } = await on.engine.previewMove({ ...spec, limit: 2 });
      assert.deepEqual({ matched, movable }, { matched: 3, movable: 2 });
      assert.match(skipped[0].reason, /no JSON to patch/);
      assert.deepEqual(
        samples.map(({ to, message }) => [to, message.topic, message.payload.toString()]),
        [
          ['target', 'orders/seen', '{"n":1,"seen":true}'],
          ['target', 'orders/seen', '{"n":2,"seen":true}'],
        ],
      );
      assert.equal((await on.engine.stats('orders')).ready, 4);
      assert.deepEqual(await on.payloadsIn('target'), []);
    });

    test('a move takes what matches, changes it, and keeps to its limit', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      for (const kind of ['a', 'b', 'a', 'a']) {
        await on.send(`${kind}`, { properties: { userProperties: [['kind', kind]] } });
      }
      const edit = { payload: Buffer.from('moved').toString('base64'), setUserProperties: [['kind', 'c']] } as const;
      const status = await moved(on, {
        from: 'orders',
        to: 'target',
        filter: { headers: { kind: 'a' } },
        edit,
        limit: 2,
      });
      assert.deepEqual(numbersOf(status), { state: 'done', matched: 2, moved: 2, skipped: [] });
      assert.deepEqual([status.scanned, status.total], [3, 4]);
      assert.deepEqual(await on.payloadsIn('orders'), ['b', 'a']);
      const { messages } = await on.engine.browse('target', { from: 0, limit: 9 });
      assert.deepEqual(
        messages.map(({ message }) => [message.payload.toString(), message.properties]),
        [
          ['moved', { userProperties: [['kind', 'c']] }],
          ['moved', { userProperties: [['kind', 'c']] }],
        ],
      );
    });

    test('what cannot move stays, with the reason', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2', '3');
      const { consumer } = await on.consume('orders', 1);
      await consumer.delivery(1);
      const status = await moved(on, { from: 'orders', to: 'target' });
      assert.deepEqual([status.moved, status.matched], [2, 3]);
      assert.match(status.skipped[0].reason, /consumer holds/);
      await assert.rejects(on.engine.startMove({ from: 'orders', to: 'orders' }), { code: 'invalid_argument' });
      await assert.rejects(on.engine.startMove({ from: 'orders', to: 'nope' }), { code: 'queue_not_found' });
      await assert.rejects(on.engine.startMove({ from: 'nope' }), { code: 'queue_not_found' });
      await assert.rejects(on.engine.startMove({ from: 'orders', filter: { topic: '#/a' } }), {
        code: 'invalid_filter',
      });
      await assert.rejects(on.engine.startMove({ from: 'orders', edit: { topic: '#' } }), { code: 'invalid_topic' });
      await assert.rejects(on.engine.startMove({ from: 'orders', rate: 0 }), { code: 'invalid_argument' });
      await assert.rejects(on.engine.moveStatus('99'), { code: 'not_found' });
      await on.send('4');
      assert.match((await moved(on, { from: 'orders' })).skipped[1].reason, /no dead letter/);
    });

    test('messages that come after its beginning are not meant', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'target', rate: 1 });
      await on.send('3');
      for (let second = 0; second < 3; second++) {
        await settled(on);
        on.clock.advance(1_000);
      }
      assert.equal((await on.engine.moveStatus(id, 1)).state, 'done');
      assert.deepEqual(await on.payloadsIn('target'), ['1', '2']);
    });

    test('a rate spreads a move over time', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2', '3', '4');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'target', rate: 10 });
      const counts: number[] = [];
      for (let step = 0; step < 7; step++) {
        await settled(on);
        counts.push((await on.engine.moveStatus(id)).moved);
        on.clock.advance(50);
      }
      assert.deepEqual(counts, [1, 1, 2, 2, 3, 3, 4]);
      assert.equal((await on.engine.moveStatus(id)).state, 'done');
    });

    test('a cancelled move leaves the rest where it is', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2', '3');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'target', rate: 1 });
      await settled(on);
      const cancelled = await on.engine.cancelMove(id);
      assert.deepEqual([cancelled.state, cancelled.moved], ['cancelled', 1]);
      on.clock.advance(60_000);
      await settled(on);
      assert.deepEqual(await on.payloadsIn('orders'), ['2', '3']);
      assert.deepEqual(await on.payloadsIn('target'), ['1']);
      assert.deepEqual(await on.engine.cancelMove(id), cancelled);
    });

    test('a cancelled move goes on from where it was, also after a restart, and means what was there when it began', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2', '3');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'target', rate: 1 });
      await settled(on);
      await on.engine.cancelMove(id);
      await on.send('later');
      await on.reopen();
      // Twice at once is once.
      const [resumed] = await Promise.all([on.engine.resumeMove(id), on.engine.resumeMove(id)]);
      assert.deepEqual([resumed.state, resumed.endedAt], ['running', undefined]);
      for (let i = 0; i < 3; i++) {
        await settled(on);
        on.clock.advance(1_000);
      }
      const done = await on.engine.moveStatus(id, 1);
      assert.deepEqual([done.state, done.moved, done.matched], ['done', 3, 3]);
      assert.deepEqual(await on.payloadsIn('target'), ['1', '2', '3']);
      assert.deepEqual(await on.payloadsIn('orders'), ['later']);
      await assert.rejects(on.engine.resumeMove(id), { code: 'conflict' });
      await assert.rejects(on.engine.resumeMove('99'), { code: 'not_found' });
    });

    test('a move that is cancelled and resumed in one turn runs once', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2', '3');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'target', rate: 1 });
      await settled(on);
      const [, resumed] = await Promise.all([on.engine.cancelMove(id), on.engine.resumeMove(id)]);
      assert.equal(resumed.state, 'running');
      on.clock.advance(1_000);
      await settled(on);
      assert.equal((await on.engine.moveStatus(id)).moved, 2);
    });

    test('a move waits while its target is full, says so, and goes on when there is room', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('full', { limits: { messages: 2, bytes: 0 } });
      await on.sendAll('1', '2', '3');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'full' });
      await settled(on);
      const waiting = await on.engine.moveStatus(id);
      assert.deepEqual([waiting.state, waiting.moved, waiting.matched], ['waiting', 2, 2]);
      assert.match(waiting.reason ?? '', /"full" is full/);
      await on.engine.purge('full');
      on.clock.advance(1_000);
      await settled(on);
      const { state, reason } = await on.engine.moveStatus(id);
      assert.deepEqual({ state, reason }, { state: 'done', reason: undefined });
      assert.deepEqual(await on.payloadsIn('full'), ['3']);
    });

    test('a move goes on after a restart, with its numbers', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2', '3', '4');
      const spec = { from: 'orders', to: 'target', rate: 1, filter: { topic: 'orders/#' } };
      const { id } = await on.engine.startMove(spec);
      await settled(on);
      await on.reopen();
      await settled(on);
      on.clock.advance(1_000);
      await settled(on);
      assert.deepEqual((await on.engine.moves())[0].spec, spec);
      on.clock.advance(1_000);
      await settled(on);
      const status = await on.engine.moveStatus(id);
      assert.deepEqual([status.state, status.moved, status.scanned], ['done', 4, 4]);
      await on.reopen();
      assert.deepEqual(await on.engine.moves(), [status]);
      assert.deepEqual(await on.payloadsIn('target'), ['1', '2', '3', '4']);
    });

    test('two who move or purge at the same time take each message once', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      const payloads = Array.from({ length: 700 }, (_, n) => `${n}`);
      await on.sendAll(...payloads);
      const [one, other, purged] = await Promise.all([
        moved(on, { from: 'orders', to: 'target' }),
        moved(on, { from: 'orders', to: 'target' }),
        on.engine.purge('orders'),
      ]);
      assert.equal(one.moved + other.moved + purged, 700);
      const { ready, moved: left, dropped } = await on.engine.stats('orders');
      assert.deepEqual({ ready, left }, { ready: 0, left: one.moved + other.moved });
      assert.equal(dropped.purged, purged);
      const arrived = await on.payloadsIn('target');
      assert.equal(arrived.length, one.moved + other.moved);
      assert.equal(new Set(arrived).size, arrived.length);
    });

    test('a move whose queue goes on the way fails, says so, and loses nothing', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2', '3');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'target', rate: 1 });
      await settled(on);
      await on.engine.remove('target');
      on.clock.advance(1_000);
      await settled(on);
      const status = await on.engine.moveStatus(id);
      assert.deepEqual([status.state, status.moved], ['failed', 1]);
      assert.match(status.reason ?? '', /"target"/);
      assert.equal((await on.engine.stats('orders')).ready, 2);
      const { consumer } = await on.consume('orders', 2);
      for (const number of [1, 2]) (await consumer.delivery(number)).settle(acknowledged);
    });

    test('a queue that was made anew under the same name is not the one that a move began with', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.declare('target', {});
      await on.sendAll('1', '2');
      const { id } = await on.engine.startMove({ from: 'orders', to: 'target', rate: 1 });
      await settled(on);
      await on.engine.remove('orders');
      await on.engine.declare('orders', bound);
      await on.send('new');
      on.clock.advance(1_000);
      await settled(on);
      assert.equal((await on.engine.moveStatus(id)).state, 'failed');
      assert.deepEqual(await on.payloadsIn('orders'), ['new']);
    });
  });
}
