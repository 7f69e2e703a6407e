import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { sequenceBlock } from './counters.ts';
import { TestEngine } from './testing/test-engine.ts';

const hot = { bytesMax: 2_000, messagesMax: 20, queueBytesMin: 300, queueMessagesMin: 3 };
let under: TestEngine;
afterEach(() => under.close());

async function fill(queue: string, count: number): Promise<void> {
  const { engine } = under;
  await engine.declare(queue, { bindings: [{ filter: queue }] });
  const topic = queue;
  await Promise.all(
    Array.from({ length: count }, (_, n) => publish(engine.route(topic), messageOf(`${queue}${n}`, { topic }))),
  );
}

test('a backlog larger than memory is delivered in order, once, with new messages behind it', async () => {
  under = await new TestEngine({ hot }).open();
  await fill('a', 500);
  const consumer = new RecordingConsumer('all', { acknowledges: true });
  await under.engine.consume('a', consumer, { credit: 7 });
  await consumer.delivery(100);
  await Promise.all(
    Array.from({ length: 50 }, (_, n) => publish(under.engine.route('a'), messageOf(`a${500 + n}`, { topic: 'a' }))),
  );
  await consumer.delivery(550);
  await under.commit.flushed();
  await turns();
  assert.deepEqual(
    consumer.payloads,
    Array.from({ length: 550 }, (_, n) => `a${n}`),
  );
  const stats = await under.engine.stats('a');
  assert.equal(stats.acknowledged, 550);
  assert.equal(stats.ready + stats.leased, 0);
  assert.equal(stats.bytes, 0);
});

test('a queue without consumers does not keep another from delivering, though it fills the memory', async () => {
  under = await new TestEngine({ hot }).open();
  await fill('idle', 100);
  await fill('busy', 100);
  const slow = new RecordingConsumer('slow');
  await under.engine.consume('busy', slow, { credit: 20 });
  await slow.delivery(20);
  // The slow one holds more than the queue's share of a full memory; the other one goes on all the same.
  const quick = new RecordingConsumer('quick', { acknowledges: true });
  await under.engine.consume('busy', quick, { credit: 5 });
  await quick.delivery(80);
});

test('a message without a consumer in a full memory waits on disk and is found there', async () => {
  under = await new TestEngine({ hot }).open();
  await fill('a', 60);
  const page = await under.engine.browse('a', { from: 0, limit: 100 });
  assert.equal(page.messages.length, 60);
  assert.equal(await under.engine.purge('a'), 60);
  const consumer = new RecordingConsumer('late');
  await under.engine.consume('a', consumer, { credit: 10 });
  await turns();
  assert.deepEqual(consumer.deliveries, []);
});

test('back-off of more messages than are kept in memory comes to its end for each of them', async () => {
  under = await new TestEngine({ hot }).open();
  const { engine, clock } = under;
  const backoff = { kind: 'fixed', initialMs: 60_000, factor: 1, maxMs: 60_000, jitter: 0.5 } as const;
  await engine.declare('a', { bindings: [{ filter: 'a' }], backoff });
  const failing = new RecordingConsumer();
  const consumption = await engine.consume('a', failing, { credit: 1_000 });
  await Promise.all(
    Array.from({ length: 300 }, (_, n) => publish(engine.route('a'), messageOf(`${n}`, { topic: 'a' }))),
  );
  for (let number = 1; number <= 300; number++) {
    (await failing.delivery(number)).settle({ kind: 'failed', code: 'driver_failed', reason: 'once' });
  }
  consumption.stop();
  assert.equal((await engine.stats('a')).scheduled, 300);
  await under.commit.flushed();
  const consumer = new RecordingConsumer('second', { acknowledges: true });
  await engine.consume('a', consumer, { credit: 1_000 });
  for (let second = 0; second < 90; second++) clock.advance(1_000);
  await turns();
  assert.equal(consumer.deliveries.length, 300);
  assert.equal(new Set(consumer.payloads).size, 300);
  assert.ok(consumer.deliveries.every(({ attempt }) => attempt === 2));
});

test('sequences are not given out again after a crash, nor skipped after a clean stop', async () => {
  under = await new TestEngine().open();
  await under.engine.declare('a', { bindings: [{ filter: 'a' }] });
  const consumer = new RecordingConsumer('first', { acknowledges: true });
  await under.engine.consume('a', consumer, { credit: 10 });
  await publish(under.engine.route('a'), messageOf('never written', { topic: 'a' }));
  const { sequence } = await consumer.delivery(1);
  await under.reopen();
  await publish(under.engine.route('a'), messageOf('2', { topic: 'a' }));
  assert.equal((await under.engine.browse('a', { from: 0, limit: 1 })).messages[0].sequence, sequence + 1);
  await under.crash();
  await publish(under.engine.route('a'), messageOf('3', { topic: 'a' }));
  const [, last] = (await under.engine.browse('a', { from: 0, limit: 2 })).messages;
  assert.ok(last.sequence >= sequenceBlock);
});

test('a removal that a crash cut short is finished by the next start, and a new queue of that name is empty', async () => {
  under = await new TestEngine().open();
  await fill('a', 50);
  const removal = under.engine.remove('a').catch(() => undefined);
  // The mark alone is flushed when the process dies.
  await under.commit.flushed();
  await under.environment.close();
  await removal;
  await under.open();
  assert.deepEqual(await under.engine.list(), []);
  await fill('a', 1);
  await under.reopen();
  const page = await under.engine.browse('a', { from: 0, limit: 10 });
  assert.equal(page.messages.length, 1);
  const rows = under.environment.readKeys('messages', Buffer.from([0]), Buffer.from([0xff]), 1_000);
  assert.equal(rows.length, 1);
});

test('a power cut loses what nobody was told is stored, and no more', async () => {
  under = await new TestEngine({ hot, storage: new StorageDouble() }).open();
  await fill('a', 30);
  const unflushed = Array.from({ length: 5 }, () => messageOf('lost', { topic: 'a' }));
  for (const message of unflushed) under.engine.route('a')?.admit(message, { receipt: () => assert.fail() }, 0);
  await under.cutPower();
  const page = await under.engine.browse('a', { from: 0, limit: 100 });
  assert.deepEqual(
    page.messages.map(({ message }) => message.payload.toString()),
    Array.from({ length: 30 }, (_, n) => `a${n}`),
  );
});
