import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { acknowledged, type Message, released } from '../message.ts';
import type { SimulatedClock } from '../std/clock.ts';
import type { Engine } from './engine.ts';
import type { QueueOptions } from './options.ts';
import { messageOf, publish, RecordingConsumer, turns } from './recording-consumer.ts';

/** An engine on a clock that stands still, whose data can be opened again. */
export interface EngineUnderTest {
  readonly engine: Engine;
  readonly clock: SimulatedClock;
  /** Stops it and starts another one on the same data. */
  reopen(): Promise<Engine>;
  close(): Promise<void>;
}

const failed = { kind: 'failed', code: 'driver_failed', reason: 'no luck' } as const;
const rejected = {
  kind: 'rejected',
  code: 'schema_violation',
  reason: 'not a number',
  headers: [['stage', 'validate']],
} as const;
const bound: Partial<QueueOptions> = { bindings: [{ filter: 'orders/#' }] };
const fixedBackoff = { kind: 'fixed', initialMs: 5_000, factor: 1, maxMs: 60_000, jitter: 0 } as const;

/** What every `Engine` promises. An implementation's test calls this and has nothing to add. */
export function engineContract(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(`${name} keeps the engine contract`, () => {
    let under: EngineUnderTest;
    let engine: Engine;
    let clock: SimulatedClock;

    beforeEach(async () => {
      under = await open();
      ({ engine, clock } = under);
    });
    afterEach(() => under.close());

    const send = (payload: string, more: Partial<Message> = {}): Promise<void> => {
      const message = messageOf(payload, { receivedAt: clock.now(), ...more });
      return publish(engine.route(message.topic), message);
    };
    const sendAll = (...payloads: string[]): Promise<unknown> => Promise.all(payloads.map((payload) => send(payload)));
    const consume = async (queue: string, credit: number, id?: string) => {
      const consumer = new RecordingConsumer(id);
      return { consumer, consumption: await engine.consume(queue, consumer, credit) };
    };
    const payloadsIn = async (queue: string): Promise<string[]> => {
      const { messages } = await engine.browse(queue, { from: 0, limit: 1_000 });
      return messages.map(({ message }) => message.payload.toString());
    };

    describe('declaring', () => {
      test('a queue is made with defaults and found again', async () => {
        const made = await engine.declare('orders', bound);
        assert.equal(made.options.maxDeliveries, 5);
        assert.equal(made.options.deadLetter, 'orders.dead');
        assert.deepEqual(await engine.info('orders'), made);
        assert.deepEqual(await engine.list(), [made]);
      });

      test('declaring again changes only what is given', async () => {
        await engine.declare('orders', { ...bound, leaseMs: 60_000 });
        const changed = await engine.declare('orders', { maxDeliveries: 2 });
        assert.equal(changed.options.leaseMs, 60_000);
        assert.equal(changed.options.maxDeliveries, 2);
        assert.deepEqual(changed.options.bindings, bound.bindings);
      });

      test('what is not valid is refused with a sentence that names it', async () => {
        await assert.rejects(engine.declare('a b', {}), {
          code: 'invalid_argument',
          message: /"a b".*letters, digits/,
        });
        await assert.rejects(engine.declare('a', { leaseMs: 5 }), {
          code: 'invalid_argument',
          message: /"leaseMs".*1000.*5/,
        });
        await assert.rejects(engine.declare('a', { lease: 5 } as object), { message: /no option "lease"; there are/ });
        await assert.rejects(engine.declare('a', { bindings: [{ filter: 'a/#/b' }] }), { message: /"bindings"/ });
        await assert.rejects(engine.declare('a', { deadLetter: 'a' }), { message: /another queue/ });
        assert.deepEqual(await engine.list(), []);
      });

      test('a queue that does not exist is said to be not found', async () => {
        const consumer = new RecordingConsumer();
        await assert.rejects(engine.info('nope'), { code: 'queue_not_found' });
        await assert.rejects(engine.consume('nope', consumer, 1), { code: 'queue_not_found' });
        await assert.rejects(engine.remove('nope'), { code: 'queue_not_found' });
        await assert.rejects(engine.browse('nope', { from: 0, limit: 1 }), { code: 'queue_not_found' });
        await assert.rejects(publish(engine.destination('nope'), messageOf('x')), { code: 'queue_not_found' });
      });

      test('new options hold at once for consumers that are there', async () => {
        await engine.declare('orders', { ...bound, paused: true, maxInflightPerConsumer: 1 });
        const { consumer } = await consume('orders', 10);
        await sendAll('1', '2', '3');
        await turns();
        assert.deepEqual(consumer.payloads, []);
        await engine.declare('orders', { paused: false });
        await consumer.delivery(1);
        await turns();
        assert.deepEqual(consumer.payloads, ['1']);
        await engine.declare('orders', { maxInflightPerConsumer: 3 });
        await consumer.delivery(3);
      });
    });

    describe('routing', () => {
      test('a topic leads to every queue that is bound to it, and nowhere else', async () => {
        await engine.declare('all', { bindings: [{ filter: '#' }] });
        await engine.declare('orders', { bindings: [{ filter: 'orders/+' }, { filter: 'orders/#' }] });
        await engine.declare('other', { bindings: [{ filter: 'other' }] });
        await send('hello');
        assert.deepEqual(await payloadsIn('all'), ['hello']);
        assert.deepEqual(await payloadsIn('orders'), ['hello']);
        assert.deepEqual(await payloadsIn('other'), []);
        await engine.remove('all');
        assert.equal(engine.route('elsewhere'), undefined);
      });

      test('listeners are told when bindings change', async () => {
        let told = 0;
        engine.onRoutesChanged(() => told++);
        await engine.declare('orders', bound);
        assert.equal(told, 1);
        await engine.declare('orders', { maxDeliveries: 3 });
        assert.equal(told, 1);
        await engine.declare('orders', { bindings: [{ filter: 'moved' }] });
        assert.equal(told, 2);
        assert.equal(engine.route('orders/new'), undefined);
        await engine.remove('orders');
        assert.equal(told, 3);
      });

      test('a queue takes messages by its name', async () => {
        await engine.declare('named', {});
        await publish(engine.destination('named'), messageOf('direct'));
        assert.deepEqual(await payloadsIn('named'), ['direct']);
      });

      test('a message that one of its queues cannot take goes to none [atomic-fanout]', async (t) => {
        if (!engine.capabilities.has('atomic-fanout')) return t.skip('the engine does not promise it');
        await engine.declare('small', { ...bound, limits: { messages: 1, bytes: 0 } });
        await engine.declare('large', bound);
        await send('fits');
        await assert.rejects(send('does not'), { code: 'queue_full', message: /"small"/ });
        assert.deepEqual(await payloadsIn('large'), ['fits']);
        assert.equal((await engine.stats('small')).rejected, 1);
      });

      test('a limit in bytes refuses what would pass it, and acknowledging makes room', async () => {
        await engine.declare('orders', { ...bound, limits: { messages: 0, bytes: 300 } });
        await send('x'.repeat(150));
        await assert.rejects(send('x'.repeat(150)), { code: 'queue_full' });
        const { consumer } = await consume('orders', 1);
        (await consumer.delivery(1)).settle(acknowledged);
        await send('x'.repeat(150));
      });
    });

    describe('consuming', () => {
      test('a message arrives as it was published, and leaves when it is acknowledged', async () => {
        await engine.declare('orders', bound);
        const { consumer } = await consume('orders', 1);
        const properties = {
          contentType: 'text/plain',
          correlationData: Buffer.from([1, 2]),
          userProperties: [['a', '1'] as const],
        };
        await send('payload', { properties, qos: 2 });
        const delivery = await consumer.delivery(1);
        assert.deepEqual(delivery.message, messageOf('payload', { receivedAt: clock.now(), properties, qos: 2 }));
        assert.equal(delivery.queue, 'orders');
        assert.equal(delivery.attempt, 1);
        assert.equal(delivery.enqueuedAt, clock.now());
        assert.equal(delivery.settle(acknowledged), true);
        assert.equal(delivery.settle(acknowledged), false);
        assert.deepEqual(await payloadsIn('orders'), []);
      });

      test('what waits is delivered in order, within the credit', async () => {
        await engine.declare('orders', bound);
        await sendAll('1', '2', '3', '4');
        const { consumer, consumption } = await consume('orders', 2);
        await consumer.delivery(2);
        await turns();
        assert.deepEqual(consumer.payloads, ['1', '2']);
        consumer.deliveries[0].settle(acknowledged);
        await consumer.delivery(3);
        consumption.setCredit(3);
        await consumer.delivery(4);
        assert.deepEqual(consumer.payloads, ['1', '2', '3', '4']);
      });

      test('a lower credit stops deliveries until what is out fits', async () => {
        await engine.declare('orders', bound);
        await sendAll('1', '2', '3');
        const { consumer, consumption } = await consume('orders', 2);
        await consumer.delivery(2);
        consumption.setCredit(1);
        consumer.deliveries[0].settle(acknowledged);
        await turns();
        assert.equal(consumer.deliveries.length, 2);
        consumer.deliveries[1].settle(acknowledged);
        await consumer.delivery(3);
      });

      test('neither a consumer nor the queue holds more than the options allow', async () => {
        await engine.declare('orders', { ...bound, maxInflightPerConsumer: 2, maxInflight: 3 });
        await sendAll('1', '2', '3', '4', '5');
        const a = await consume('orders', 100, 'a');
        const b = await consume('orders', 100, 'b');
        await turns();
        assert.equal(a.consumer.deliveries.length + b.consumer.deliveries.length, 3);
        assert.ok(Math.max(a.consumer.deliveries.length, b.consumer.deliveries.length) <= 2);
        assert.equal((await engine.stats('orders')).leased, 3);
      });

      test('least_inflight gives to the consumer that holds the least', async () => {
        await engine.declare('orders', bound);
        const slow = await consume('orders', 100, 'slow');
        const quick = await consume('orders', 100, 'quick');
        for (let i = 0; i < 10; i++) {
          await send(`${i}`);
          for (const delivery of quick.consumer.deliveries) delivery.settle(acknowledged);
        }
        assert.ok(slow.consumer.deliveries.length <= 2, `slow got ${slow.consumer.deliveries.length}`);
      });

      test('round_robin takes turns whatever the consumers hold', async () => {
        await engine.declare('orders', { ...bound, dispatch: 'round_robin' });
        const a = await consume('orders', 100, 'a');
        const b = await consume('orders', 100, 'b');
        await sendAll('1', '2', '3', '4');
        await turns();
        assert.equal(a.consumer.deliveries.length, 2);
        assert.equal(b.consumer.deliveries.length, 2);
      });

      test('stopping gives back what is held, uncounted, in its order and at once', async () => {
        await engine.declare('orders', bound);
        await sendAll('1', '2', '3');
        const first = await consume('orders', 2);
        await first.consumer.delivery(2);
        first.consumption.stop();
        const second = await consume('orders', 10);
        await second.consumer.delivery(3);
        assert.deepEqual(second.consumer.payloads, ['1', '2', '3']);
        assert.deepEqual(
          second.consumer.deliveries.map((delivery) => delivery.attempt),
          [1, 1, 1],
        );
        assert.equal(first.consumer.deliveries[0].settle(acknowledged), false);
        assert.equal((await engine.stats('orders')).leased, 3);
      });

      test('a released message comes back in its place', async () => {
        await engine.declare('orders', bound);
        await sendAll('1', '2', '3');
        const { consumer } = await consume('orders', 2);
        (await consumer.delivery(2)).settle(released);
        consumer.deliveries[0].settle(acknowledged);
        await turns();
        assert.deepEqual(consumer.payloads, ['1', '2', '2', '3']);
        assert.equal(consumer.deliveries[2].attempt, 1);
        assert.equal((await engine.stats('orders')).redelivered, 1);
      });
    });

    describe('failing', () => {
      test('a failed message waits for its back-off and counts', async () => {
        await engine.declare('orders', { ...bound, backoff: fixedBackoff });
        const { consumer } = await consume('orders', 1);
        await send('1');
        (await consumer.delivery(1)).settle(failed);
        assert.equal((await engine.stats('orders')).scheduled, 1);
        const [stored] = (await engine.browse('orders', { from: 0, limit: 1 })).messages;
        assert.equal(stored.state, 'scheduled');
        assert.equal(stored.availableAt, clock.now() + 5_000);
        assert.equal(stored.lastError, 'driver_failed: no luck');
        clock.advance(4_999);
        await turns();
        assert.equal(consumer.deliveries.length, 1);
        clock.advance(1);
        assert.equal((await consumer.delivery(2)).attempt, 2);
      });

      test('the back-off grows and is spread by its jitter', async () => {
        const backoff = { kind: 'exponential', initialMs: 1_000, factor: 2, maxMs: 3_000, jitter: 0.5 } as const;
        await engine.declare('orders', { ...bound, backoff, maxDeliveries: 0 });
        const { consumer } = await consume('orders', 1);
        await send('1');
        for (const [attempt, delay] of [1_000, 2_000, 3_000, 3_000].entries()) {
          (await consumer.delivery(attempt + 1)).settle(failed);
          const [stored] = (await engine.browse('orders', { from: 0, limit: 1 })).messages;
          const waits = (stored.availableAt ?? 0) - clock.now();
          assert.ok(waits >= delay * 0.5 && waits <= delay * 1.5, `attempt ${attempt + 1} waits ${waits}`);
          clock.advance(waits);
        }
      });

      test('without back-off it is tried again at once', async () => {
        await engine.declare('orders', { ...bound, backoff: { ...fixedBackoff, kind: 'none' } });
        const { consumer } = await consume('orders', 1);
        await send('1');
        (await consumer.delivery(1)).settle(failed);
        assert.equal((await consumer.delivery(2)).attempt, 2);
      });

      test('after its last delivery it is a dead letter that tells its story', async () => {
        await engine.declare('orders', { ...bound, maxDeliveries: 2, backoff: fixedBackoff });
        const { consumer } = await consume('orders', 1);
        await send('1');
        const firstFailureAt = clock.now();
        const { sequence } = await consumer.delivery(1);
        consumer.deliveries[0].settle(failed);
        await turns();
        clock.advance(5_000);
        (await consumer.delivery(2)).settle(failed);
        const [dead] = (await engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
        assert.deepEqual(dead.death, {
          queue: 'orders',
          sequence,
          code: 'driver_failed',
          reason: 'no luck',
          attempts: 2,
          firstFailureAt,
          lastFailureAt: clock.now(),
          headers: [],
        });
        assert.equal(dead.message.payload.toString(), '1');
        assert.deepEqual(await payloadsIn('orders'), []);
        assert.equal((await engine.info('orders.dead')).options.deadLetter, null);
      });

      test('a rejected message is a dead letter at once, with what its consumer said', async () => {
        await engine.declare('orders', bound);
        const { consumer } = await consume('orders', 1);
        await send('1');
        (await consumer.delivery(1)).settle(rejected);
        const [dead] = (await engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
        assert.equal(dead.death?.code, 'schema_violation');
        assert.equal(dead.death?.attempts, 1);
        assert.deepEqual(dead.death?.headers, [['stage', 'validate']]);
      });

      test('a queue without dead letters drops and counts', async () => {
        await engine.declare('orders', { ...bound, deadLetter: null });
        const { consumer } = await consume('orders', 1);
        await send('1');
        (await consumer.delivery(1)).settle(rejected);
        const stats = await engine.stats('orders');
        assert.equal(stats.dropped, 1);
        assert.equal(stats.deadLettered, 0);
        assert.deepEqual(
          (await engine.list()).map((info) => info.name),
          ['orders'],
        );
      });

      test('a message that expired before its delivery is a dead letter with code expired', async () => {
        await engine.declare('orders', bound);
        await send('old', { properties: { messageExpiryInterval: 10 } });
        await send('fresh', { properties: { messageExpiryInterval: 100 } });
        clock.advance(10_000);
        const { consumer } = await consume('orders', 10);
        await consumer.delivery(1);
        assert.deepEqual(consumer.payloads, ['fresh']);
        const [dead] = (await engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
        assert.equal(dead.death?.code, 'expired');
        assert.equal(dead.death?.attempts, 0);
        assert.equal((await engine.stats('orders')).expired, 1);
      });

      test('a message can be buried without having been delivered', async () => {
        await engine.declare('orders', bound);
        await engine.bury('orders', messageOf('unseen'), { code: 'no_driver', reason: 'none', headers: [['a', 'b']] });
        const [dead] = (await engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
        assert.equal(dead.message.payload.toString(), 'unseen');
        assert.equal(dead.death?.queue, 'orders');
        assert.equal(dead.death?.code, 'no_driver');
        assert.deepEqual(dead.death?.headers, [['a', 'b']]);
      });
    });

    describe('leases', () => {
      test('a lease that ends is a failed delivery, and the message goes to another consumer', async () => {
        await engine.declare('orders', { ...bound, leaseMs: 10_000, backoff: { ...fixedBackoff, kind: 'none' } });
        const slow = await consume('orders', 1, 'slow');
        await sendAll('1', '2');
        const lost = await slow.consumer.delivery(1);
        clock.advance(10_000);
        const other = await consume('orders', 10, 'other');
        assert.equal((await other.consumer.delivery(1)).attempt, 2);
        await other.consumer.delivery(2);
        await turns();
        // The slot of a push consumer stays taken until it answers.
        assert.equal(slow.consumer.deliveries.length, 1);
        assert.equal(lost.settle(acknowledged), false);
        await send('3');
        assert.equal((await slow.consumer.delivery(2)).message.payload.toString(), '3');
        assert.equal((await engine.stats('orders')).failed, 1);
      });

      test('the last lease to end makes a dead letter with code lease_expired', async () => {
        await engine.declare('orders', { ...bound, leaseMs: 10_000, maxDeliveries: 1 });
        const { consumer } = await consume('orders', 1);
        await send('1');
        await consumer.delivery(1);
        clock.advance(10_000);
        const [dead] = (await engine.browse('orders.dead', { from: 0, limit: 10 })).messages;
        assert.equal(dead.death?.code, 'lease_expired');
      });

      test('messages are leased by request and settled by token, once', async () => {
        await engine.declare('orders', bound);
        await sendAll('1', '2', '3');
        const leased = await engine.lease('orders', { consumerId: 'h', max: 2, waitMs: 0 });
        assert.deepEqual(
          leased.map(({ delivery }) => delivery.message.payload.toString()),
          ['1', '2'],
        );
        assert.equal(leased[0].leaseUntil, clock.now() + 30_000);
        const [first, second] = leased.map(({ token }) => token);
        assert.deepEqual(await engine.settle('orders', [first, 'made-up'], acknowledged), [
          { token: first, ok: true },
          { token: 'made-up', ok: false, code: 'lease_lost' },
        ]);
        assert.deepEqual(await engine.settle('orders', [first], acknowledged), [
          { token: first, ok: false, code: 'lease_lost' },
        ]);
        await engine.settle('orders', [second], released);
        const again = await engine.lease('orders', { consumerId: 'h', max: 10, waitMs: 0 });
        assert.deepEqual(
          again.map(({ delivery }) => delivery.message.payload.toString()),
          ['2', '3'],
        );
        assert.notEqual(again[0].token, second);
      });

      test('a request waits for the first message, or until its time is over', async () => {
        await engine.declare('orders', bound);
        const waiting = engine.lease('orders', { consumerId: 'h', max: 5, waitMs: 20_000 });
        await turns();
        await sendAll('1', '2');
        assert.equal((await waiting).length, 2);
        const nothing = engine.lease('orders', { consumerId: 'h', max: 5, waitMs: 20_000 });
        await turns();
        clock.advance(20_000);
        assert.deepEqual(await nothing, []);
        assert.deepEqual(await engine.lease('orders', { consumerId: 'h', max: 5, waitMs: 0 }), []);
      });

      test('a lease can be made longer, and ends for its token when it is over', async () => {
        await engine.declare('orders', { ...bound, backoff: { ...fixedBackoff, kind: 'none' } });
        await send('1');
        const [{ token }] = await engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 0, leaseMs: 5_000 });
        clock.advance(4_000);
        assert.deepEqual(await engine.extend('orders', [token], 10_000), [{ token, ok: true }]);
        clock.advance(9_999);
        assert.equal((await engine.stats('orders')).leased, 1);
        clock.advance(1);
        assert.equal((await engine.stats('orders')).leased, 0);
        assert.deepEqual(await engine.settle('orders', [token], acknowledged), [
          { token, ok: false, code: 'lease_lost' },
        ]);
        assert.deepEqual(await engine.extend('orders', [token], 1_000), [{ token, ok: false, code: 'lease_lost' }]);
        const [again] = await engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 0 });
        assert.equal(again.delivery.attempt, 2);
      });
    });

    describe('looking, purging and moving', () => {
      test('browsing pages through all states and consumes nothing', async () => {
        await engine.declare('orders', { ...bound, backoff: fixedBackoff });
        const { consumer, consumption } = await consume('orders', 2);
        await sendAll('1', '2', '3', '4');
        (await consumer.delivery(1)).settle(failed);
        await consumer.delivery(3);
        const first = await engine.browse('orders', { from: 0, limit: 3 });
        assert.deepEqual(
          first.messages.map(({ message, state }) => [message.payload.toString(), state]),
          [
            ['1', 'scheduled'],
            ['2', 'leased'],
            ['3', 'leased'],
          ],
        );
        const second = await engine.browse('orders', { from: first.next ?? 0, limit: 3 });
        assert.deepEqual(
          second.messages.map(({ message, state }) => [message.payload.toString(), state]),
          [['4', 'ready']],
        );
        assert.equal(second.next, undefined);
        const match = await engine.browse('orders', { from: 0, limit: 9, match: ({ attempts }) => attempts === 1 });
        assert.equal(match.messages.length, 1);
        consumption.stop();
      });

      test('purging removes what nobody holds', async () => {
        await engine.declare('orders', { ...bound, backoff: fixedBackoff });
        const { consumer } = await consume('orders', 2);
        await sendAll('1', '2', '3', '4');
        (await consumer.delivery(1)).settle(failed);
        await consumer.delivery(3);
        assert.equal(await engine.purge('orders'), 2);
        assert.deepEqual(await payloadsIn('orders'), ['2', '3']);
        assert.equal((await engine.stats('orders')).dropped, 2);
        clock.advance(10_000);
        for (const delivery of consumer.deliveries.slice(1)) assert.equal(delivery.settle(acknowledged), true);
        await turns();
        assert.equal(consumer.deliveries.length, 3);
      });

      test('dead letters go back to where they came from, as if new', async () => {
        await engine.declare('orders', { ...bound, maxDeliveries: 2, backoff: { ...fixedBackoff, kind: 'none' } });
        const { consumer, consumption } = await consume('orders', 1);
        await send('1');
        (await consumer.delivery(1)).settle(failed);
        (await consumer.delivery(2)).settle(failed);
        consumption.stop();
        assert.deepEqual(await engine.move({ from: 'orders.dead' }), { moved: 1, matched: 1, skipped: [] });
        assert.deepEqual(await payloadsIn('orders.dead'), []);
        const [back] = (await engine.browse('orders', { from: 0, limit: 1 })).messages;
        assert.equal(back.attempts, 0);
        assert.equal(back.death, undefined);
        assert.equal((await engine.stats('orders.dead')).moved, 1);
      });

      test('a move takes what matches, changes it, and keeps to its limit', async () => {
        await engine.declare('orders', bound);
        await engine.declare('target', {});
        await sendAll('a1', 'b1', 'a2', 'a3');
        const request = {
          from: 'orders',
          to: 'target',
          match: ({ message }: { message: Message }) => message.payload.toString().startsWith('a'),
          edit: (message: Message) => ({ ...message, payload: Buffer.from(`${message.payload}!`) }),
          limit: 2,
        };
        assert.deepEqual(await engine.move({ ...request, dryRun: true }), { moved: 0, matched: 2, skipped: [] });
        assert.deepEqual(await payloadsIn('target'), []);
        assert.deepEqual(await engine.move(request), { moved: 2, matched: 2, skipped: [] });
        assert.deepEqual(await payloadsIn('orders'), ['b1', 'a3']);
        assert.deepEqual(await payloadsIn('target'), ['a1!', 'a2!']);
      });

      test('what cannot move stays, with the reason', async () => {
        await engine.declare('orders', bound);
        await engine.declare('full', { limits: { messages: 1, bytes: 0 } });
        await sendAll('1', '2', '3');
        const { consumer } = await consume('orders', 1);
        await consumer.delivery(1);
        const { moved, matched, skipped } = await engine.move({ from: 'orders', to: 'full' });
        assert.equal(moved, 1);
        assert.equal(matched, 3);
        assert.match(skipped[0].reason, /consumer holds/);
        assert.match(skipped[1].reason, /"full" is full/);
        await assert.rejects(engine.move({ from: 'orders', to: 'orders' }), { code: 'invalid_argument' });
        await assert.rejects(engine.move({ from: 'orders', to: 'nope' }), { code: 'queue_not_found' });
        assert.match((await engine.move({ from: 'orders' })).skipped[1].reason, /no dead letter/);
      });
    });

    describe('staying and going', () => {
      test('messages, their failures and their back-off outlive a restart; leases do not', async () => {
        await engine.declare('orders', { ...bound, backoff: fixedBackoff });
        const { consumer } = await consume('orders', 2);
        await sendAll('1', '2', '3');
        (await consumer.delivery(1)).settle(failed);
        await consumer.delivery(3);
        engine = await under.reopen();
        assert.equal(consumer.endedWith?.code, 'unavailable');
        const stats = await engine.stats('orders');
        assert.equal(stats.ready, 2);
        assert.equal(stats.scheduled, 1);
        assert.equal(stats.leased, 0);
        const after = await consume('orders', 10);
        await after.consumer.delivery(2);
        assert.deepEqual(after.consumer.payloads, ['2', '3']);
        clock.advance(5_000);
        assert.equal((await after.consumer.delivery(3)).attempt, 2);
      });

      test('the oldest ready message has an age', async () => {
        await engine.declare('orders', bound);
        await send('1');
        clock.advance(7_000);
        assert.equal((await engine.stats('orders')).oldestReadyAgeMs, 7_000);
        engine = await under.reopen();
        assert.equal((await engine.stats('orders')).oldestReadyAgeMs, 7_000);
        await engine.purge('orders');
        assert.equal((await engine.stats('orders')).oldestReadyAgeMs, 0);
      });

      test('removing a queue ends who consumes it and leaves nothing of it', async () => {
        await engine.declare('orders', bound);
        await sendAll('1', '2');
        const { consumer } = await consume('orders', 1);
        const held = await consumer.delivery(1);
        const waiting = engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 1_000 });
        await waiting;
        const empty = engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 1_000 });
        const refused = assert.rejects(empty, { code: 'queue_not_found' });
        await engine.remove('orders');
        await refused;
        assert.equal(consumer.endedWith?.code, 'queue_not_found');
        assert.equal(held.settle(acknowledged), false);
        assert.equal(engine.route('orders/new'), undefined);
        await engine.declare('orders', bound);
        assert.deepEqual(await payloadsIn('orders'), []);
        engine = await under.reopen();
        assert.deepEqual(await payloadsIn('orders'), []);
      });

      test('a stopped engine takes nothing and says so', async () => {
        await engine.declare('orders', bound);
        const destination = engine.route('orders/new');
        await engine.stop();
        await assert.rejects(publish(destination, messageOf('late')), { code: 'unavailable' });
        engine = await under.reopen();
        assert.deepEqual(await payloadsIn('orders'), []);
      });

      test('every message is in exactly one place, and the counters say so', async () => {
        await engine.declare('orders', { ...bound, maxDeliveries: 1 });
        const { consumer } = await consume('orders', 4);
        await sendAll('1', '2', '3', '4', '5', '6');
        (await consumer.delivery(1)).settle(acknowledged);
        consumer.deliveries[1].settle(rejected);
        consumer.deliveries[2].settle(failed);
        consumer.deliveries[3].settle(released);
        await turns();
        const stats = await engine.stats('orders');
        const present = stats.ready + stats.leased + stats.scheduled;
        assert.equal(stats.enqueued, 6);
        assert.equal(stats.enqueued, stats.acknowledged + stats.deadLettered + stats.dropped + stats.moved + present);
      });
    });
  });
}
