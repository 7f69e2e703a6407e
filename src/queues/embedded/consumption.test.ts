import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { inflightInitial } from './pace.ts';
import { TestEngine } from './testing/test-engine.ts';

let under: TestEngine;
beforeEach(async () => {
  under = await new TestEngine().open();
});
afterEach(() => under.close());

async function fill(count: number, leaseMs = 30_000): Promise<void> {
  const { engine } = under;
  await engine.declare('a', { bindings: [{ filter: 'a' }], leaseMs, maxDeliveries: 0 });
  await Promise.all(
    Array.from({ length: count }, (_, n) => publish(engine.route('a'), messageOf(`${n}`, { topic: 'a' }))),
  );
}

/** Settles all that the consumer was given and has not settled; answers how many that were. */
async function settleAll(consumer: RecordingConsumer, from: number): Promise<number> {
  await turns();
  const given = consumer.deliveries.slice(from);
  for (const delivery of given) delivery.settle(acknowledged);
  return given.length;
}

test('a consumer begins with few messages, whatever its credit, and gets more as it settles them at once', async () => {
  await fill(500);
  const consumer = new RecordingConsumer();
  await under.engine.consume('a', consumer, { credit: 1_000 });
  await turns();
  assert.equal(consumer.deliveries.length, inflightInitial);
  await settleAll(consumer, 0);
  await turns();
  assert.equal((await under.engine.stats('a')).leased, 2 * inflightInitial);
  await settleAll(consumer, inflightInitial);
  await turns();
  assert.equal((await under.engine.stats('a')).leased, 4 * inflightInitial);
});

test('its pace does not take it beyond its credit or the limit of the queue', async () => {
  await fill(500);
  await under.engine.declare('a', { maxInflightPerConsumer: 50 });
  const consumer = new RecordingConsumer();
  const consumption = await under.engine.consume('a', consumer, { credit: 1_000 });
  let settled = await settleAll(consumer, 0);
  settled += await settleAll(consumer, settled);
  await turns();
  assert.equal((await under.engine.stats('a')).leased, 50);
  consumption.setCredit(40);
  await settleAll(consumer, settled);
  await turns();
  assert.equal((await under.engine.stats('a')).leased, 40);
});

test('a consumer that lets its leases run out and answers them late falls back to the start', async () => {
  await fill(500, 2_000);
  const consumer = new RecordingConsumer();
  await under.engine.consume('a', consumer, { credit: 1_000 });
  await settleAll(consumer, 0);
  await turns();
  assert.equal(consumer.deliveries.length, 3 * inflightInitial);
  under.clock.advance(2_000);
  const late = consumer.deliveries.slice(inflightInitial);
  for (const delivery of late) assert.equal(delivery.settle(acknowledged), false);
  await turns();
  // What it took while it answered has to shrink to the new limit before more comes.
  const given = consumer.deliveries.length;
  for (const delivery of consumer.deliveries.slice(given - inflightInitial + 1)) delivery.settle(acknowledged);
  await turns();
  assert.equal(consumer.deliveries.length, given);
  assert.equal((await under.engine.stats('a')).leased, inflightInitial);
});

test('a consumer with a byte credit gets large messages one at a time, and small ones together', async () => {
  const { engine } = under;
  await engine.declare('a', { bindings: [{ filter: 'a' }] });
  const send = (bytes: number): Promise<void> =>
    publish(engine.route('a'), messageOf('x'.repeat(bytes), { topic: 'a' }));
  for (const bytes of [50_000, 50_000, 10, 10, 10]) await send(bytes);
  const consumer = new RecordingConsumer();
  const consumption = await engine.consume('a', consumer, { credit: 100, creditBytes: 10_000 });
  await turns();
  assert.equal(consumer.deliveries.length, 1);
  consumer.deliveries[0].settle(acknowledged);
  assert.equal(consumer.deliveries.length, 2);
  consumer.deliveries[1].settle(acknowledged);
  assert.equal(consumer.deliveries.length, 5);
  consumption.setCredit(100, 1);
  await send(10);
  await turns();
  assert.equal(consumer.deliveries.length, 5);
  consumption.setCredit(100, 10_000);
  assert.equal(consumer.deliveries.length, 6);
});

test('a lease that ran out keeps its bytes until it is answered', async () => {
  const { engine, clock } = under;
  await engine.declare('a', { bindings: [{ filter: 'a' }], leaseMs: 2_000, backoff: { kind: 'none' } });
  const slow = new RecordingConsumer('slow');
  await engine.consume('a', slow, { credit: 100, creditBytes: 1 });
  await publish(engine.route('a'), messageOf('1', { topic: 'a' }));
  await publish(engine.route('a'), messageOf('2', { topic: 'a' }));
  await slow.delivery(1);
  clock.advance(2_000);
  await turns();
  assert.equal(slow.deliveries.length, 1);
  slow.deliveries[0].settle(acknowledged);
  assert.equal(slow.deliveries.length, 2);
});
