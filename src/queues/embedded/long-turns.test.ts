import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { stepMsMax } from '../../std/step-time.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import type { GivenQueueOptions } from '../options.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { deliveriesPerTurnMax } from './delivery-loop.ts';
import { TestEngine } from './testing/test-engine.ts';

const messages = 10_000;
const dueMs = 60_000;
let under: TestEngine;
/** Messages that were looked at: each takes a millisecond. */
let looked = 0;
afterEach(() => under.close());

async function open(options: GivenQueueOptions, properties: (now: number) => object): Promise<void> {
  looked = 0;
  under = await new TestEngine({ storage: new StorageDouble(), monotonicMs: () => ++looked }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], deadLetter: null, ...options });
  const now = under.clock.now();
  const all = Array.from({ length: messages }, (_, n) =>
    messageOf(`${n}`, { topic: 'a', receivedAt: now, properties: properties(now) }),
  );
  await Promise.all(all.map((message) => publish(under.engine.route('a'), message)));
}

/** The most that `counted` grew by while nobody else was served. */
function largestStep(counted: () => number): () => number {
  let before = counted();
  let largest = 0;
  let idle = 0;
  const look = (): void => {
    const step = counted() - before;
    before += step;
    largest = Math.max(largest, step);
    idle = step === 0 ? idle + 1 : 0;
    if (idle < 3) under.clock.after(0, look);
  };
  under.clock.after(dueMs, look);
  return () => largest;
}

for (const durability of ['sync', 'memory'] as const) {
  test(`messages that are due in one moment come in steps (${durability})`, async () => {
    await open({ durability }, () => ({ userProperties: [['sluice-delay', String(dueMs)]] }));
    const consumer = new RecordingConsumer('c', { acknowledges: true });
    await under.engine.consume('a', consumer, { credit: 100 });
    let largest = 0;
    under.clock.advance(dueMs);
    for (let before = 0; consumer.deliveries.length < messages; before = consumer.deliveries.length) {
      await turns(1);
      under.clock.advance(1);
      largest = Math.max(largest, consumer.deliveries.length - before);
    }
    assert.equal(consumer.deliveries.length, messages);
    // A flush and what is due can each make it look once between two of ours.
    assert.ok(largest <= 2 * deliveriesPerTurnMax, `${largest} in one turn`);
  });
}

test('leases that end in one moment end in steps', async () => {
  await open({ leaseMs: dueMs, maxDeliveries: 1, maxInflightPerConsumer: messages }, () => ({}));
  for (let leased = 0; leased < messages; )
    leased += (await under.engine.lease('a', { consumerId: 'c', max: messages, waitMs: 0 })).length;
  let dead = 0;
  under.engine.onEvent(({ kind }) => {
    if (kind === 'dead') dead++;
  });
  const largest = largestStep(() => dead);
  under.clock.advance(dueMs);
  assert.equal(dead, messages);
  assert.ok(largest() <= stepMsMax, `${largest()} in one step`);
});

for (const [where, options, properties] of [
  ['on disk, by expiries of their own', { ttlMs: 0 }, { messageExpiryInterval: dueMs / 1_000 }],
  ['on disk, by the ttl of their queue', { ttlMs: dueMs }, undefined],
  ['in memory', { ttlMs: 0, durability: 'memory' }, { messageExpiryInterval: dueMs / 1_000 }],
] as const) {
  test(`messages that expire in one moment end in steps (${where})`, async () => {
    await open(options, () => properties as object);
    let dead = 0;
    under.engine.onEvent(({ kind }) => {
      if (kind === 'dead') dead++;
    });
    let largest = 0;
    let steps = 0;
    under.clock.advance(dueMs + 1_000);
    for (let before = 0; dead < messages; before = dead, steps++) {
      await turns(1);
      largest = Math.max(largest, dead - before);
    }
    // Two of its steps can fall between two looks.
    assert.ok(largest <= 2 * stepMsMax, `${largest} in one turn`);
    assert.ok(steps >= messages / (2 * stepMsMax));
  });
}
