import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { stepMsMax } from '../../std/step-time.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import type { LeasedMessage } from '../engine.ts';
import type { GivenQueueOptions } from '../options.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { returnedPerTurnMax } from './leavers.ts';
import { TestEngine } from './testing/test-engine.ts';

const messages = 5_000;
const everything = Array.from({ length: messages }, (_, n) => `${n}`);
let under: TestEngine;
afterEach(() => under.close());

/** Somebody has leased all messages of a queue, and has just left. */
async function leftWith(options: GivenQueueOptions = {}, group?: string): Promise<readonly LeasedMessage[]> {
  // Each message that is looked at takes a millisecond.
  let looked = 0;
  under = await new TestEngine({ storage: new StorageDouble(), monotonicMs: () => ++looked }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], maxInflightPerConsumer: messages, ...options });
  const all = everything.map((payload) => publish(under.engine.route('a'), messageOf(payload, { topic: 'a' })));
  await Promise.all(all);
  const leased: LeasedMessage[] = [];
  while (leased.length < messages) leased.push(...(await lease('first', group)));
  await under.engine.leave('a', 'first');
  return leased;
}

function lease(consumerId: string, group?: string, waitMs = 0): Promise<readonly LeasedMessage[]> {
  const request = { consumerId, max: messages, waitMs, leaseMs: 600_000 };
  return under.engine.lease('a', group === undefined ? request : { ...request, group });
}

const held = async (): Promise<number> => (await under.engine.stats('a')).leased;

/** Somebody takes what there is, as it comes. */
async function taken(count: number, group?: string): Promise<RecordingConsumer> {
  const consumer = new RecordingConsumer('next', { acknowledges: true });
  const request = { credit: 100, ...(group === undefined ? {} : { group }) };
  await under.engine.consume('a', consumer, request);
  for (let turn = 0; turn < 1_000 && consumer.deliveries.length < count; turn++) {
    await turns(1);
    under.clock.advance(1);
  }
  await turns();
  assert.ok(consumer.deliveries.every(({ attempt }) => attempt === 1));
  return consumer;
}

test('what a consumer leaves behind goes back in steps, and nobody gets any of it before the last is back', async () => {
  await leftWith();
  assert.equal(await held(), messages - returnedPerTurnMax);
  const next = new RecordingConsumer('next');
  await under.engine.consume('a', next, { credit: 1 });
  let steps = 0;
  const look = (): void => {
    steps++;
    if (next.deliveries.length === 0) under.clock.after(0, look);
  };
  under.clock.after(0, look);
  under.clock.advance(1_000);
  assert.ok(steps >= (messages - returnedPerTurnMax) / stepMsMax, `${steps} steps`);
  assert.equal((await under.engine.stats('a')).released, messages);
  assert.deepEqual(next.payloads, ['0']);
});

test('who comes back under its name meanwhile gets messages when all are back, and keeps them', async () => {
  await leftWith();
  const again = lease('first', undefined, 10_000);
  await turns();
  assert.ok((await held()) > 0);
  under.clock.advance(1_000);
  const got = await again;
  assert.deepEqual(
    got.map(({ delivery }) => delivery.sequence),
    got.map((_, n) => n + 1),
  );
  assert.ok(got.length > 0);
  under.clock.advance(1_000);
  await turns();
  assert.equal(await held(), got.length);
});

test('who left can still settle what is not back yet, and nobody else gets that', async () => {
  // The oldest goes back last.
  const [{ token, delivery }] = await leftWith();
  assert.deepEqual(await under.engine.settle('a', [token], acknowledged), [{ token, ok: true }]);
  const next = await taken(messages - 1);
  const others = everything.filter((_, n) => n + 1 !== delivery.sequence);
  assert.deepEqual(next.payloads, others);
});

test('after a stop in the middle of it every message is there once, untried', async () => {
  await leftWith();
  const left = under.engine.quiesce(5_000);
  under.clock.advance(2_000);
  assert.equal(await left, 0);
  await under.reopen();
  assert.deepEqual((await taken(messages)).payloads, everything);
});

test('a stop that does not wait for it takes back the rest at once', async () => {
  await leftWith();
  await under.reopen();
  assert.deepEqual((await taken(messages)).payloads, everything);
});

test('after a crash in the middle of it every message is there once, untried', async () => {
  await leftWith();
  await under.crash();
  assert.deepEqual((await taken(messages)).payloads, everything);
});

test('a group that is set back meanwhile begins anew', async () => {
  await leftWith({ kind: 'log', group: { start: 'earliest' } }, 'g');
  assert.ok((await held()) > 0);
  const sought = under.engine.seek('a', 'g', 'earliest');
  await turns();
  under.clock.advance(1_000);
  await sought;
  assert.equal(await held(), 0);
  assert.deepEqual((await taken(messages, 'g')).payloads, everything);
});
