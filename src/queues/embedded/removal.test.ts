import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import type { LeasedMessage } from '../engine.ts';
import type { GivenQueueOptions } from '../options.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
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
