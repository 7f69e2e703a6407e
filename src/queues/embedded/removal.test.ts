import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { Deadlines } from '../../std/deadlines.ts';
import { stepMsMax } from '../../std/step-time.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../engine.ts';
import type { GivenQueueOptions } from '../options.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { endedPerTurnMax } from './delivery-loop.ts';
import { returnedPerTurnMax } from './leavers.ts';
import { TestEngine } from './testing/test-engine.ts';

const messages = 200;
const leaseMs = 10_000;
let under: TestEngine;
afterEach(() => under.close());

interface Held {
  readonly pushed: RecordingConsumer;
  readonly leased: readonly LeasedMessage[];
  /** How often the state of a message that was pushed has changed since. */
  readonly changes: () => number;
}

/** Every message of `a` is in somebody's hands. */
async function holdAll(options: GivenQueueOptions, group?: string): Promise<Held> {
  under = await new TestEngine().open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], leaseMs, maxDeliveries: 1, ...options });
  const all = Array.from({ length: messages }, (_, n) => messageOf(`${n}`, { topic: 'a' }));
  await Promise.all(all.map((message) => publish(under.engine.route('a'), message)));
  const pushed = new RecordingConsumer('pushed');
  const grouped = group === undefined ? {} : { group };
  await under.engine.consume('a', pushed, { credit: 20, ...grouped });
  await pushed.delivery(20);
  const leased = await under.engine.lease('a', { consumerId: 'pulls', max: messages, waitMs: 0, ...grouped });
  assert.ok(leased.length > 0);
  let changes = 0;
  for (const delivery of pushed.deliveries) {
    let state = (delivery as unknown as { state: number }).state;
    const set = (to: number): void => {
      changes++;
      state = to;
    };
    Object.defineProperty(delivery, 'state', { get: () => state, set });
  }
  return { pushed, leased, changes: () => changes };
}

/** Those who held something can do nothing with it, and nothing comes of it later. */
async function checkForgotten({ pushed, leased, changes }: Held): Promise<void> {
  assert.equal(changes(), 0, 'messages were taken back one by one');
  for (const delivery of pushed.deliveries) {
    assert.deepEqual([delivery.held, delivery.settle(acknowledged), delivery.extend()], [false, false, false]);
  }
  const dead: string[] = [];
  under.engine.onEvent(({ kind, queue }) => {
    if (kind === 'dead') dead.push(queue);
  });
  under.clock.advance(2 * leaseMs);
  await turns();
  assert.deepEqual(dead, []);
  const tokens = leased.map(({ token }) => token);
  const answers = await under.engine.settle('a', tokens, acknowledged);
  assert.ok(answers.every((answer) => !answer.ok && answer.code === 'lease_lost'));
}

test("removing a queue touches none of the messages that are held of it, and they are nobody's", async () => {
  const held = await holdAll({});
  const left: unknown[] = [];
  under.engine.onEvent(({ kind, detail }) => {
    if (kind === 'consumer-left') left.push(detail.consumer);
  });
  await under.engine.remove('a');
  assert.equal(held.pushed.endedWith?.code, 'queue_not_found');
  assert.deepEqual(left.sort(), ['pulls', 'pushed']);
  // One that is made anew has nothing to do with it.
  await under.engine.declare('a', { bindings: [{ filter: 'a' }] });
  await checkForgotten(held);
  await publish(under.engine.route('a'), messageOf('new', { topic: 'a' }));
  const next = new RecordingConsumer('next', { acknowledges: true });
  await under.engine.consume('a', next, { credit: 1 });
  await next.delivery(1);
  assert.deepEqual(next.payloads, ['new']);
  assert.equal(await under.engine.quiesce(1_000), 0);
});

test('removing a log, or a group of it, does the same', async () => {
  const held = await holdAll({ kind: 'log', group: { start: 'earliest' } }, 'g');
  await under.engine.removeGroup('a', 'g');
  assert.equal(held.pushed.endedWith?.code, 'not_found');
  await checkForgotten(held);
  const other = new RecordingConsumer('other');
  await under.engine.consume('a', other, { credit: 5, group: 'other' });
  await other.delivery(5);
  await under.engine.remove('a');
  assert.equal(other.deliveries[0].settle(acknowledged), false);
  assert.equal(await under.engine.quiesce(1_000), 0);
});

const consumersThere = 2_000;

/** As many consumers of queue `a`, or of a group of it: some hold a message, some wait for one. Answers how many have ended. */
async function consumedByMany(options: GivenQueueOptions, group?: string): Promise<() => number> {
  // Each that is looked at takes a millisecond.
  let looked = 0;
  under = await new TestEngine({ storage: new StorageDouble(), monotonicMs: () => ++looked }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], leaseMs, maxDeliveries: 1, ...options });
  const all = Array.from({ length: messages }, (_, n) => messageOf(`${n}`, { topic: 'a' }));
  await Promise.all(all.map((message) => publish(under.engine.route('a'), message)));
  const grouped = group === undefined ? {} : { group };
  for (let n = 0; n < consumersThere / 2; n++) {
    const consumer = { id: `c${n}`, deliver: () => undefined, ended: () => undefined };
    await under.engine.consume('a', consumer, { credit: 1, ...grouped });
    const request = { consumerId: `w${n}`, max: 1, waitMs: 600_000, ...grouped };
    void under.engine.lease('a', request).catch(() => undefined);
  }
  await turns();
  let ended = 0;
  under.engine.onEvent(({ kind }) => {
    if (kind === 'consumer-left') ended++;
  });
  return () => ended;
}

for (const [what, options, group] of [
  ['a queue', {}, undefined],
  ['a log', { kind: 'log', group: { start: 'earliest' } }, 'g'],
  ['a group', { kind: 'log', group: { start: 'earliest' } }, 'g'],
] as const) {
  test(`those who consume ${what} that is removed are ended in steps, and no lease of theirs runs out meanwhile`, async () => {
    const ended = await consumedByMany(options, group);
    let dead = 0;
    under.engine.onEvent(({ kind }) => {
      if (kind === 'dead') dead++;
    });
    const removal = what === 'a group' ? under.engine.removeGroup('a', 'g') : under.engine.remove('a');
    await turns(1);
    assert.ok(ended() <= endedPerTurnMax, `${ended()} were ended in one turn`);
    const seen: number[] = [];
    const look = (): void => {
      seen.push(ended());
      if (seen.length < consumersThere) under.clock.after(0, look);
    };
    under.clock.after(0, look);
    // What they hold would be due now.
    under.clock.advance(2 * leaseMs);
    await removal;
    await turns();
    assert.equal(ended(), consumersThere);
    const largest = Math.max(...seen.slice(1).map((after, n) => after - seen[n]));
    assert.ok(largest > 0 && largest <= 2 * stepMsMax, `${largest} in one step`);
    assert.equal(dead, 0);
  });
}

test('who leaves a removed queue before its turn takes nothing back, and a stop ends all that are left', async () => {
  const ended = await consumedByMany({});
  const consumer = new RecordingConsumer('last');
  const consumption = await under.engine.consume('a', consumer, { credit: 1 });
  const removal = under.engine.remove('a');
  consumption.stop();
  assert.ok(ended() < consumersThere);
  await Promise.all([removal, under.engine.stop()]);
  assert.deepEqual([ended(), consumer.endedWith], [consumersThere + 1, undefined]);
});

test('after a crash while they are ended the queue is gone with all of its rows', async () => {
  await consumedByMany({});
  void under.engine.remove('a').catch(() => undefined);
  await under.crash();
  assert.deepEqual(await under.engine.list(), []);
  await under.reopen();
  const rows = under.environment.readKeys('messages', Buffer.alloc(1), Buffer.alloc(20, 255), messages);
  assert.equal(rows.length, 0);
});

test('who moves a group of a log that is removed, or of a server that stops, while his turn comes is told so', async () => {
  await holdAll({ kind: 'log', group: { start: 'earliest' } }, 'g');
  const sought = ['g', 'new'].map((group) => under.engine.seek('a', group, 'earliest'));
  const removal = under.engine.remove('a');
  for (const each of sought) await assert.rejects(each, { code: 'queue_not_found' });
  await removal;
  assert.equal(await under.engine.quiesce(0), 0);
  await under.engine.declare('b', { kind: 'log' });
  const late = under.engine.seek('b', 'g', 'latest');
  const stopped = under.engine.stop();
  await assert.rejects(late, { code: 'unavailable' });
  await stopped;
});

const waitingThere = 3_000;

/** As many messages wait in memory for their time, in a work queue or in a group. */
async function waitedForByMany(options: GivenQueueOptions, group?: string): Promise<void> {
  let looked = 0;
  under = await new TestEngine({ storage: new StorageDouble(), monotonicMs: () => ++looked }).open();
  const many = { maxInflight: waitingThere, maxInflightPerConsumer: waitingThere };
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], ...many, ...options });
  const all = Array.from({ length: waitingThere }, (_, n) => messageOf(`${n}`, { topic: 'a' }));
  await Promise.all(all.map((message) => publish(under.engine.route('a'), message)));
  for (let failed = 0; group !== undefined && failed < waitingThere; ) {
    const leased = await under.engine.lease('a', { consumerId: 'c', group, max: waitingThere, waitMs: 0 });
    const tokens = leased.map(({ token }) => token);
    await under.engine.settle('a', tokens, { kind: 'failed', code: 'driver_failed', reason: 'not now' });
    failed += leased.length;
  }
}

for (const [what, options, group] of [
  ['a queue', { durability: 'memory', delayMs: 5_000 }, undefined],
  ['a log', { kind: 'log', group: { start: 'earliest' } }, 'g'],
  ['a group', { kind: 'log', group: { start: 'earliest' } }, 'g'],
] as const) {
  test(`what waits for its time of ${what} that is removed leaves the heap in steps, and comes to nobody`, async (t) => {
    await waitedForByMany(options, group);
    const { mock } = t.mock.method(Deadlines.prototype, 'remove');
    const removal = what === 'a group' ? under.engine.removeGroup('a', 'g') : under.engine.remove('a');
    await turns(1);
    const others = 20;
    assert.ok(mock.callCount() <= returnedPerTurnMax + others, `${mock.callCount()} left in one turn`);
    const seen: number[] = [];
    const look = (): void => {
      seen.push(mock.callCount());
      if (mock.callCount() < waitingThere) under.clock.after(0, look);
    };
    under.clock.after(0, look);
    // The time of all of them has come, too.
    under.clock.advance(600_000);
    await removal;
    const largest = Math.max(...seen.slice(1).map((after, n) => after - seen[n]));
    assert.ok(largest > 0 && largest <= 2 * stepMsMax, `${largest} in one step`);
    assert.ok(mock.callCount() >= waitingThere);
    if (what === 'a group') assert.deepEqual(await under.engine.groups('a'), []);
    else assert.deepEqual(await under.engine.list(), []);
  });
}

test('a stop in the middle of that waits for none of it', async () => {
  await waitedForByMany({ kind: 'log', group: { start: 'earliest' } }, 'g');
  const removal = under.engine.removeGroup('a', 'g');
  await Promise.all([removal, under.engine.stop()]);
  under.clock.advance(600_000);
  await turns();
  assert.deepEqual(await under.engine.groups('a'), []);
});
