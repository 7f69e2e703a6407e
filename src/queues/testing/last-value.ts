import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged, type Delivery, released } from '../../message.ts';
import type { MoveStatus } from '../move-spec.ts';
import { bound, type ContractBench, failed, fixedBackoff, rejected } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

const lamps = { ...bound, lastValue: { key: 'topic:2' }, backoff: fixedBackoff } as const;

export function lastValueContract(on: ContractBench): void {
  const set = async (lamp: string, ...colours: string[]): Promise<void> => {
    for (const colour of colours) await on.send(colour, { topic: `orders/${lamp}` });
  };
  const conserved = async (): Promise<void> => {
    const s = await on.engine.stats('orders');
    const gone = s.acknowledged + s.deadLettered + s.expired + s.moved;
    const dropped = Object.values(s.dropped).reduce((sum, count) => sum + count, 0);
    assert.equal(s.enqueued, gone + dropped + s.ready + s.leased + s.scheduled);
  };

  describe('last value', () => {
    test('a lamp that was away gets only the last colour', async () => {
      await on.engine.declare('orders', lamps);
      await set('kitchen', 'blue', 'red', 'green');
      await set('hall', 'white');
      const { consumer } = await on.consume('orders', 10);
      await turns();
      assert.deepEqual(consumer.payloads, ['green', 'white']);
      assert.equal((await on.engine.stats('orders')).dropped.superseded, 2);
      await conserved();
    });

    test('all colours that are sent in one turn are one', async () => {
      await on.engine.declare('orders', lamps);
      await on.sendAll('blue', 'red', 'green');
      assert.deepEqual(await on.payloadsIn('orders'), ['green']);
      await conserved();
    });

    test('while one value is out the newest waits, and follows when it is settled', async () => {
      await on.engine.declare('orders', lamps);
      const { consumer } = await on.consume('orders', 10);
      await set('kitchen', 'blue', 'red', 'green');
      await turns();
      assert.deepEqual(consumer.payloads, ['blue']);
      consumer.deliveries[0].settle(acknowledged);
      await turns();
      assert.deepEqual(consumer.payloads, ['blue', 'green']);
      consumer.deliveries[1].settle(acknowledged);
      await set('kitchen', 'green');
      await turns();
      assert.deepEqual(consumer.payloads, ['blue', 'green', 'green']);
      await conserved();
    });

    for (const [what, settle] of [
      ['failed', (delivery: Delivery) => delivery.settle(failed)],
      ['was given back', (delivery: Delivery) => delivery.settle(released)],
    ] as const) {
      test(`a value that ${what} is not tried again where there is a newer one`, async () => {
        await on.engine.declare('orders', lamps);
        const { consumer } = await on.consume('orders', 10);
        await set('kitchen', 'blue', 'red');
        await turns();
        settle(consumer.deliveries[0]);
        await turns();
        assert.deepEqual(consumer.payloads, ['blue', 'red']);
        assert.equal((await on.engine.stats('orders')).scheduled, 0);
        await conserved();
      });
    }

    test('a newer value takes the place of one that waits for its next try', async () => {
      await on.engine.declare('orders', lamps);
      const { consumer } = await on.consume('orders', 10);
      await set('kitchen', 'blue');
      await turns();
      consumer.deliveries[0].settle(failed);
      await set('kitchen', 'red');
      await turns();
      assert.deepEqual(consumer.payloads, ['blue', 'red']);
      consumer.deliveries[1].settle(acknowledged);
      on.clock.advance(60_000);
      await turns();
      assert.deepEqual(consumer.payloads, ['blue', 'red']);
      await conserved();
    });

    test('a value that changes often keeps its place', async () => {
      await on.engine.declare('orders', lamps);
      await set('kitchen', 'blue');
      await set('hall', 'white');
      await set('kitchen', 'red');
      assert.deepEqual(await on.payloadsIn('orders'), ['red', 'white']);
    });

    test('what is kept is the newest after a restart too, and it can still be replaced', async () => {
      await on.engine.declare('orders', lamps);
      await set('kitchen', 'blue', 'red');
      await set('hall', 'white');
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), ['red', 'white']);
      await set('kitchen', 'a much longer name of a colour');
      assert.deepEqual((await on.payloadsIn('orders')).sort(), ['a much longer name of a colour', 'white']);
      const { consumer } = await on.consume('orders', 10);
      await turns();
      assert.deepEqual([...consumer.payloads].sort(), ['a much longer name of a colour', 'white']);
      for (const delivery of consumer.deliveries) delivery.settle(acknowledged);
      await on.reopen();
      const stats = await on.engine.stats('orders');
      assert.deepEqual([stats.ready, stats.bytes], [0, 0]);
      await set('kitchen', 'grey');
      assert.deepEqual(await on.payloadsIn('orders'), ['grey']);
    });

    test('a value that was read from disk and waits in memory is replaced as others are', async () => {
      await on.engine.declare('orders', lamps);
      await set('kitchen', 'blue');
      await set('hall', 'white');
      await on.reopen();
      const { consumer } = await on.consume('orders', 1);
      await consumer.delivery(1);
      await set('hall', 'grey');
      assert.deepEqual(await on.payloadsIn('orders'), ['blue', 'grey']);
      assert.equal((await on.engine.stats('orders')).ready, 1);
    });

    test('a value in the place of one that was tried before a restart is there once', async () => {
      await on.engine.declare('orders', { ...lamps, backoff: { ...fixedBackoff, kind: 'none' } });
      const first = await on.consume('orders', 1);
      await set('kitchen', 'blue');
      await first.consumer.delivery(1);
      await on.engine.declare('orders', { paused: true });
      first.consumer.deliveries[0].settle(failed);
      await set('hall', 'white');
      await on.reopen();
      on.clock.advance(1_000);
      await set('kitchen', 'red');
      await on.engine.declare('orders', { paused: false });
      const { consumer } = await on.consume('orders', 1);
      for (const number of [1, 2]) (await consumer.delivery(number)).settle(acknowledged);
      await turns();
      assert.deepEqual(consumer.payloads.sort(), ['red', 'white']);
      const { ready, bytes } = await on.engine.stats('orders');
      assert.deepEqual([ready, bytes], [0, 0]);
    });

    test('a full queue takes a newer value of what waits in it, and drops nothing else for it', async () => {
      for (const overflow of ['reject', 'drop_oldest'] as const) {
        await on.engine.declare(overflow, {
          bindings: [{ filter: `${overflow}/#` }],
          lastValue: { key: 'topic:2' },
          limits: { messages: 2, bytes: 0 },
          overflow,
        });
        for (const text of ['kitchen blue', 'hall white', 'kitchen red', 'hall grey']) {
          const [lamp, colour] = text.split(' ');
          await on.send(colour, { topic: `${overflow}/${lamp}` });
        }
        assert.deepEqual(await on.payloadsIn(overflow), ['red', 'grey']);
      }
    });

    test('a newer value is one that nobody has tried', async () => {
      await on.engine.declare('orders', { ...lamps, backoff: { ...fixedBackoff, kind: 'none' } });
      const { consumer, consumption } = await on.consume('orders', 1);
      await set('kitchen', 'blue');
      await turns();
      await on.engine.declare('orders', { paused: true });
      consumer.deliveries[0].settle(failed);
      await set('kitchen', 'red');
      await on.engine.declare('orders', { paused: false });
      await turns();
      assert.deepEqual(
        consumer.deliveries.map(({ message, attempt }) => `${message.payload} ${attempt}`),
        ['blue 1', 'red 1'],
      );
      await conserved();
      consumption.stop();
      await on.reopen();
      const { messages } = await on.engine.browse('orders', { from: 0, limit: 10 });
      assert.deepEqual(
        messages.map(({ message, attempts }) => `${message.payload} ${attempts}`),
        ['red 0'],
      );
    });

    /** Makes a dead letter of the value that is sent. */
    const bury = async (colour: string, receivedAt: number, room = 'kitchen'): Promise<void> => {
      const { consumer, consumption } = await on.consume('orders', 1);
      await on.send(colour, { topic: `orders/${room}`, receivedAt });
      (await consumer.delivery(1)).settle(rejected);
      consumption.stop();
      await turns();
    };
    const replay = async (): Promise<MoveStatus> => {
      const { id } = await on.engine.startMove({ from: 'orders.dead' });
      return on.engine.moveStatus(id, 1);
    };

    for (const [where, then] of [
      ['waits', async () => undefined],
      ['waits on disk', () => on.reopen()],
      ['is with a consumer', async () => void (await (await on.consume('orders', 1)).consumer.delivery(1))],
      [
        'waits for its next try',
        async () => (await (await on.consume('orders', 1)).consumer.delivery(1)).settle(failed),
      ],
    ] as const) {
      test(`a dead letter that is moved back does not take the place of a newer value, which ${where}`, async () => {
        await on.engine.declare('orders', lamps);
        await bury('blue', 1_000);
        await on.send('green', { topic: 'orders/kitchen', receivedAt: 2_000 });
        await then();
        const preview = await on.engine.previewMove({ from: 'orders.dead' });
        assert.deepEqual([preview.matched, preview.movable, preview.superseded], [1, 0, 1]);
        const status = await replay();
        assert.deepEqual([status.state, status.matched, status.moved, status.superseded], ['done', 1, 0, 1]);
        assert.match(status.skipped[0].reason, /newer value/);
        assert.deepEqual(await on.payloadsIn('orders'), ['green']);
        assert.deepEqual(await on.payloadsIn('orders.dead'), ['blue']);
      });
    }

    test('of dead letters of one key the newest comes back, in whichever order they died', async () => {
      await on.engine.declare('orders', lamps);
      for (const [colour, at] of [
        ['red', 2_000],
        ['blue', 1_000],
        ['green', 3_000],
      ] as const)
        await bury(colour, at);
      const { moved, superseded } = await replay();
      assert.deepEqual([moved, superseded], [2, 1]);
      assert.deepEqual(await on.payloadsIn('orders'), ['green']);
      await conserved();
    });

    test('of dead letters of one key that came in one millisecond the last comes back', async () => {
      await on.engine.declare('orders', lamps);
      for (const colour of ['red', 'blue', 'green']) await bury(colour, 1_000);
      const { moved, superseded } = await replay();
      assert.deepEqual([moved, superseded], [3, 0]);
      assert.deepEqual(await on.payloadsIn('orders'), ['green']);
      await conserved();
    });

    test('so it is where one of another key and millisecond died between them', async () => {
      await on.engine.declare('orders', lamps);
      await bury('red', 1_000);
      await bury('white', 1_001, 'hall');
      await bury('green', 1_000);
      const { moved, superseded } = await replay();
      assert.deepEqual([moved, superseded], [3, 0]);
      assert.deepEqual((await on.payloadsIn('orders')).toSorted(), ['green', 'white']);
      await conserved();
    });

    test('a dead letter does not take the place of a value that came in the same millisecond', async () => {
      await on.engine.declare('orders', lamps);
      await bury('blue', 1_000);
      await on.send('green', { topic: 'orders/kitchen', receivedAt: 1_000 });
      const { moved, superseded } = await replay();
      assert.deepEqual([moved, superseded], [0, 1]);
      assert.deepEqual(await on.payloadsIn('orders'), ['green']);
    });

    test('where the newer value is done with, a dead letter of its key comes back', async () => {
      await on.engine.declare('orders', { ...lamps, backoff: { ...fixedBackoff, kind: 'none' } });
      await bury('blue', 1_000);
      const { consumer, consumption } = await on.consume('orders', 1);
      await on.send('green', { topic: 'orders/kitchen', receivedAt: 2_000 });
      (await consumer.delivery(1)).settle(failed);
      (await consumer.delivery(2)).settle(acknowledged);
      consumption.stop();
      assert.equal((await replay()).moved, 1);
      assert.deepEqual(await on.payloadsIn('orders'), ['blue']);
    });

    test('values that only memory holds leave nothing behind', async () => {
      await on.engine.declare('orders', { ...lamps, durability: 'memory' });
      await set('kitchen', 'blue', 'red');
      await on.reopen();
      assert.deepEqual(await on.payloadsIn('orders'), []);
      await set('kitchen', 'green', 'grey');
      await on.engine.purge('orders');
      await on.engine.declare('orders', { durability: 'sync' });
      await set('hall', 'black');
      await on.reopen();
      await set('kitchen', 'yellow');
      assert.deepEqual((await on.payloadsIn('orders')).sort(), ['black', 'yellow']);
    });

    test('messages without the key stand for themselves', async () => {
      await on.engine.declare('orders', { ...lamps, lastValue: { key: 'property:lamp' } });
      await on.sendAll('1', '2');
      assert.deepEqual(await on.payloadsIn('orders'), ['1', '2']);
    });
  });
}
