import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import type { Message } from '../../message.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { scheduleLoadMax } from './schedule.ts';
import { TestEngine } from './testing/test-engine.ts';

const hot = { bytesMax: 4_000, messagesMax: 40, queueBytesMin: 600, queueMessagesMin: 6 };
const hourMs = 3_600_000;
let under: TestEngine;
afterEach(() => under.close());

async function fill(count: number, delayMs: (n: number) => number, payloadBytes = 0): Promise<void> {
  for (let from = 0; from < count; from += 5_000) {
    const some = Array.from({ length: Math.min(5_000, count - from) }, (_, n) =>
      delayed(from + n, delayMs, payloadBytes),
    );
    await Promise.all(some.map((message) => publish(under.engine.route('a'), message)));
  }
}

function delayed(n: number, delayMs: (n: number) => number, payloadBytes: number): Message {
  const userProperties = [['sluice-delay', String(delayMs(n))]] as const;
  return messageOf(String(n).padEnd(payloadBytes, ' '), { topic: 'a', properties: { userProperties } });
}

/** Largest number of rows of the schedule that one read asked for. */
function countReads(): { largest: number; bytesInTurn: number } {
  const seen = { largest: 0, bytesInTurn: 0 };
  const { environment } = under;
  const readRange = environment.readRange.bind(environment);
  environment.readRange = (...request) => {
    const rows = readRange(...request);
    if (request[0] === 'schedule') seen.largest = Math.max(seen.largest, rows.length);
    return rows;
  };
  return seen;
}

test('many that are due at one millisecond are delivered in pages, each once and none early', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const { engine, clock } = under;
  await engine.declare('a', { bindings: [{ filter: 'a' }], limits: { messages: 0, bytes: 0 } });
  const count = 20_000;
  await fill(count, () => hourMs);
  const reads = countReads();
  const consumer = new RecordingConsumer('all', { acknowledges: true });
  await engine.consume('a', consumer, { credit: 1_000 });
  clock.advance(hourMs - 1);
  await turns();
  assert.equal(consumer.deliveries.length, 0);
  clock.advance(1);
  await consumer.delivery(count);
  assert.equal(new Set(consumer.payloads).size, count);
  assert.equal(reads.largest, scheduleLoadMax);
  assert.equal((await engine.stats('a')).scheduled, 0);
});

test('what is due and nobody takes comes into memory up to a bound, and stays on disk beyond it', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const { engine, clock } = under;
  await engine.declare('a', { bindings: [{ filter: 'a' }] });
  await fill(10_000, (n) => hourMs + (n % 3));
  for (let second = 0; second < 10; second++) clock.advance(hourMs / 9);
  await turns();
  const { ready, scheduled } = await engine.stats('a');
  assert.equal(ready + scheduled, 10_000);
  assert.ok(ready <= 2 * scheduleLoadMax, `${ready} came into memory`);
  const { messages } = await engine.browse('a', { from: 0, limit: 20_000 });
  assert.equal(new Set(messages.map(({ sequence }) => sequence)).size, 10_000);
  const consumer = new RecordingConsumer('late', { acknowledges: true });
  await engine.consume('a', consumer, { credit: 100 });
  await consumer.delivery(10_000);
  assert.equal(new Set(consumer.payloads).size, 10_000);
});

test('a page of large messages ends before it fills the memory', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const { engine, clock } = under;
  await engine.declare('a', { bindings: [{ filter: 'a' }] });
  await fill(100, () => hourMs, 128 * 1024);
  clock.advance(hourMs);
  await turns();
  const { ready } = await engine.stats('a');
  assert.ok(ready <= 20, `${ready} messages of 128 KiB came into memory at once`);
});

test('a retry that falls within a page that is half read is neither lost nor delivered twice', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const { engine, clock } = under;
  const backoff = { kind: 'fixed', initialMs: 5, maxMs: 5, jitter: 0 } as const;
  await engine.declare('a', { bindings: [{ filter: 'a' }], backoff });
  const count = 3_000;
  await fill(count, () => hourMs);
  const first = new RecordingConsumer('first');
  const consumption = await engine.consume('a', first, { credit: 100 });
  clock.advance(hourMs);
  await first.delivery(32);
  for (const delivery of first.deliveries) delivery.settle({ kind: 'failed', code: 'x', reason: 'y' });
  const failed = new Set(first.deliveries.slice(0, 32).map(({ sequence }) => sequence));
  consumption.stop();
  const consumer = new RecordingConsumer('second', { acknowledges: true });
  await engine.consume('a', consumer, { credit: 100 });
  for (let step = 0; step < 50; step++) {
    clock.advance(5);
    await turns();
  }
  await consumer.delivery(count);
  await turns();
  assert.equal(consumer.deliveries.length, count);
  assert.equal(new Set(consumer.payloads).size, count);
  for (const { sequence, attempt } of consumer.deliveries) if (failed.has(sequence)) assert.equal(attempt, 2);
});

test('delayed messages survive a power cut, and what was not stored is not there', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }] });
  await fill(500, (n) => (n % 7) * 1_000);
  await under.cutPower();
  const consumer = new RecordingConsumer('all', { acknowledges: true });
  await under.engine.consume('a', consumer, { credit: 100 });
  for (let second = 0; second < 8; second++) {
    under.clock.advance(1_000);
    await turns();
  }
  await consumer.delivery(500);
  assert.equal(new Set(consumer.payloads).size, 500);
});

test('after a restart a message that was tried before goes behind older ones that lie on disk', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  const backoff = { kind: 'fixed', initialMs: 1_000, maxMs: 1_000, jitter: 0 } as const;
  await under.engine.declare('a', { bindings: [{ filter: 'a' }], backoff, paused: true });
  await fill(100, () => 0);
  await under.engine.declare('a', { paused: false });
  const first = await under.engine.lease('a', { consumerId: 'c', max: 50, waitMs: 0 });
  const failed = { kind: 'failed', code: 'x', reason: '' } as const;
  await under.engine.settle('a', [first[40].token], failed);
  await under.reopen();
  under.clock.advance(2_000);
  await turns();
  const consumer = new RecordingConsumer('c', { acknowledges: true });
  await under.engine.consume('a', consumer, { credit: 1 });
  await consumer.delivery(100);
  const numbers = consumer.payloads.map(Number);
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
});

test('a queue that keeps an order looks for what failed among a million that wait in steps, and delivers nothing before it knows', async () => {
  let looked = 0;
  under = await new TestEngine({ hot, storage: new StorageDouble(), monotonicMs: () => ++looked }).open();
  await under.engine.declare('a', {
    bindings: [{ filter: 'a' }],
    ordering: 'key',
    orderingKey: 'topic',
    backoff: { kind: 'fixed', initialMs: 24 * hourMs, maxMs: 24 * hourMs, factor: 1, jitter: 0 },
  });
  await fill(20_000, (n) => hourMs + n);
  await publish(under.engine.route('a'), messageOf('failed', { topic: 'a' }));
  const [{ token }] = await under.engine.lease('a', { consumerId: 'c', max: 1, waitMs: 0 });
  await under.engine.settle('a', [token], { kind: 'failed', code: 'x', reason: 'x' });
  await publish(under.engine.route('a'), messageOf('behind it', { topic: 'a' }));
  await under.reopen();
  const { environment, engine } = under;
  let looks = 0;
  const get = environment.get.bind(environment);
  environment.get = (table, key) => {
    if (table === 'message-states') looks++;
    return get(table, key);
  };
  const consumer = new RecordingConsumer('c');
  await engine.consume('a', consumer, { credit: 10 });
  let largest = 0;
  let steps = 0;
  for (let idle = 0; idle < 3; idle = looks === 0 ? idle + 1 : 0) {
    looks = 0;
    await turns(1);
    largest = Math.max(largest, looks);
    if (looks > 0) steps++;
  }
  assert.ok(largest < 3_000 && steps > 5, `${largest} at most in ${steps} steps`);
  assert.deepEqual(consumer.payloads, []);
});
