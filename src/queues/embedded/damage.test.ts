import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { RowBatch } from '../../storage/row-batch.ts';
import type { TableName } from '../../storage/tables.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { TestEngine } from './testing/test-engine.ts';

/** So small that all but the first messages are on disk alone. */
const hot = { bytesMax: 200, messagesMax: 2, queueBytesMin: 200, queueMessagesMin: 2 };
const everything = [Buffer.alloc(1), Buffer.alloc(20, 0xff)] as const;
let under: TestEngine;
afterEach(() => under.close());

async function fill(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await publish(under.engine.route('q'), messageOf(`m${n}`, { topic: 'q' }));
  await under.commit.flushed();
}

/** Changes the row of that number in its table behind the engine's back. */
async function damage(table: TableName, number: number, change: (value: Buffer) => Buffer): Promise<void> {
  const { key, value } = under.environment.readRange(table, ...everything, Number.POSITIVE_INFINITY)[number];
  const batch = new RowBatch();
  batch.put(table, key, change(value));
  await under.environment.transact(batch);
}

function flipBit(at: (value: Buffer) => number): (value: Buffer) => Buffer {
  return (value) => {
    value[at(value)] ^= 0x10;
    return value;
  };
}

async function deadLetters(queue = 'q.dead') {
  const { messages } = await under.engine.browse(queue, { from: 0, limit: 100 });
  return messages.map(({ message, death }) => ({
    payload: message.payload.toString('latin1'),
    topic: message.topic,
    death,
  }));
}

test('a damaged message goes to the dead letters with the bytes it has, and the queue goes on', async () => {
  under = await new TestEngine({ hot, damages: true }).open();
  await under.engine.declare('q', { bindings: [{ filter: 'q' }] });
  await fill(10);
  await damage(
    'messages',
    5,
    flipBit((value) => value.length - 1),
  );
  await damage(
    'messages',
    6,
    flipBit(() => 0),
  );
  await damage('messages', 7, (value) => value.fill(0, 9));
  await damage(
    'messages',
    8,
    flipBit(() => 34),
  );
  const consumer = new RecordingConsumer('c', { acknowledges: true });
  await under.engine.consume('q', consumer, { credit: 3 });
  await consumer.delivery(6);
  await under.commit.flushed();
  await turns();
  assert.deepEqual(consumer.payloads, ['m0', 'm1', 'm2', 'm3', 'm4', 'm9']);
  const dead = await deadLetters();
  assert.deepEqual(
    dead.map(({ death }) => death?.code),
    Array(4).fill('damaged'),
  );
  assert.equal(dead[0].payload, 'm%');
  assert.equal(dead[0].topic, 'q');
  assert.match(dead[0].death?.reason ?? '', /^The checksum of the record should be 0x[0-9a-f]{8} and is 0x/);
  assert.ok(dead.slice(1).every(({ payload }) => payload.length > 0));
  const stats = await under.engine.stats('q');
  assert.deepEqual([stats.ready, stats.leased, stats.scheduled, stats.bytes], [0, 0, 0, 0]);
  assert.equal(stats.enqueued, stats.acknowledged + stats.deadLettered);
  await under.reopen();
  const reopened = await under.engine.stats('q');
  assert.deepEqual([reopened.ready, reopened.scheduled, reopened.bytes], [0, 0, 0]);
});

test('looking at a queue and moving its messages pass damaged ones over to the dead letters', async () => {
  under = await new TestEngine({ hot, damages: true }).open();
  await under.engine.declare('q', { bindings: [{ filter: 'q' }] });
  await under.engine.declare('other', {});
  await fill(6);
  await damage(
    'messages',
    3,
    flipBit(() => 20),
  );
  const { messages } = await under.engine.browse('q', { from: 0, limit: 10 });
  assert.deepEqual(
    messages.map(({ message }) => message.payload.toString()),
    ['m0', 'm1', 'm2', 'm4', 'm5'],
  );
  await damage(
    'messages',
    4,
    flipBit(() => 20),
  );
  const { id } = await under.engine.startMove({ from: 'q', to: 'other' });
  const { moved } = await under.engine.moveStatus(id, 1);
  assert.equal(moved, 4);
  assert.equal((await deadLetters()).length, 2);
});

test('a scheduled message whose rows are damaged does not stop the others', async () => {
  under = await new TestEngine({ hot, damages: true }).open();
  const backoff = { kind: 'fixed', initialMs: 60_000, factor: 1, maxMs: 60_000, jitter: 0 } as const;
  await under.engine.declare('q', { bindings: [{ filter: 'q' }], backoff });
  await fill(6);
  const failing = new RecordingConsumer('failing');
  const consumption = await under.engine.consume('q', failing, { credit: 10 });
  for (let number = 1; number <= 6; number++) {
    (await failing.delivery(number)).settle({ kind: 'failed', code: 'driver_failed', reason: 'once' });
  }
  consumption.stop();
  await under.commit.flushed();
  await damage(
    'messages',
    0,
    flipBit((value) => value.length - 1),
  );
  await damage(
    'message-states',
    1,
    flipBit(() => 22),
  );
  await damage('message-states', 2, (value) => value.subarray(0, 5));
  const { key } = under.environment.readRange('messages', ...everything, 10)[3];
  const batch = new RowBatch();
  batch.remove('messages', key);
  await under.environment.transact(batch);
  const consumer = new RecordingConsumer('c', { acknowledges: true });
  await under.engine.consume('q', consumer, { credit: 10 });
  under.clock.advance(61_000);
  await consumer.delivery(2);
  await under.commit.flushed();
  await turns();
  assert.deepEqual(consumer.payloads, ['m4', 'm5']);
  const dead = await deadLetters();
  assert.deepEqual(
    dead.map(({ payload }) => payload),
    ['m ', 'm1', 'm2'],
  );
  const stats = await under.engine.stats('q');
  assert.deepEqual([stats.ready, stats.leased, stats.scheduled, stats.dropped.damaged], [0, 0, 0, 1]);
});

test('where a queue keeps no dead letters a damaged message is dropped and counted', async () => {
  under = await new TestEngine({ hot, damages: true }).open();
  await under.engine.declare('q', { bindings: [{ filter: 'q' }], deadLetter: null });
  await fill(4);
  await damage(
    'messages',
    3,
    flipBit(() => 20),
  );
  const consumer = new RecordingConsumer('c', { acknowledges: true });
  await under.engine.consume('q', consumer, { credit: 10 });
  await consumer.delivery(3);
  await turns();
  assert.equal((await under.engine.stats('q')).dropped.damaged, 1);
});
