import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { acknowledged } from '../../../message.ts';
import { RowBatch } from '../../../storage/row-batch.ts';
import type { TableName } from '../../../storage/tables.ts';
import { messageOf, publish, RecordingConsumer } from '../../testing/recording-consumer.ts';
import { storedRows } from '../testing/stored-rows.ts';
import { TestEngine } from '../testing/test-engine.ts';
import { checkQueues } from './check-queues.ts';

let under: TestEngine;
beforeEach(async () => {
  under = await new TestEngine({ damages: true }).open();
  await under.engine.declare('q', { bindings: [{ filter: 'q' }] });
  for (let n = 0; n < 6; n++) await publish(under.engine.route('q'), messageOf(`m${n}`, { topic: 'q' }));
  const consumer = new RecordingConsumer();
  const consumption = await under.engine.consume('q', consumer, { credit: 3 });
  (await consumer.delivery(1)).settle(acknowledged);
  (await consumer.delivery(2)).settle({ kind: 'failed', code: 'internal', reason: 'broken' });
  await consumption.stop();
  await under.commit.flushed();
});
afterEach(() => under.close());

function findings(): string[] {
  return [...checkQueues(storedRows(under.environment))].map(({ where, problem }) => `${where}: ${problem}`);
}

/** Changes the row of that number in its table; undefined removes it. */
async function change(table: TableName, number: number, value: (before: Buffer) => Buffer | undefined): Promise<void> {
  const row = [...storedRows(under.environment).rows(table)][number];
  const batch = new RowBatch();
  const after = value(Buffer.from(row.value));
  if (after === undefined) batch.remove(table, row.key);
  else batch.put(table, row.key, after);
  await under.environment.transact(batch);
}

async function put(table: TableName, key: Buffer, value: Buffer): Promise<void> {
  const batch = new RowBatch();
  batch.put(table, key, value);
  await under.environment.transact(batch);
}

function flipped(at: number): (before: Buffer) => Buffer {
  return (before) => {
    before[at] ^= 0x10;
    return before;
  };
}

test('queues that work agree with themselves', () => {
  assert.deepEqual(findings(), []);
});

test('a flipped bit in a record is found by its checksum', async () => {
  await change('messages', 2, flipped(30));
  const [finding, ...others] = findings();
  assert.match(finding, /^queue "q", message \d+: The checksum of the record should be/);
  assert.deepEqual(others, []);
});

test('a message that is gone is missed by the counters', async () => {
  await change('messages', 2, () => undefined);
  const [bytes, messages] = findings();
  assert.match(bytes, /^queue "q": Its counters say \d+ bytes, its messages have \d+$/);
  assert.match(messages, /^queue "q": Its counters say 5 messages, 1 of them waiting, in lane 0; there are 4 and 1$/);
});

test('a message that waits and its place in the schedule go together', async () => {
  await change('schedule', 0, () => undefined);
  assert.match(findings()[0], /It waits until \d+ and the schedule does not know$/);
  await change('message-states', 0, flipped(20));
  assert.match(findings()[0], /What is known of its failures does not match its checksum$/);
});

test('a place in the schedule of a message that does not wait is found', async () => {
  await change('message-states', 0, () => undefined);
  assert.match(findings().join(), /The schedule names it at \d+ and its state does not/);
});

test('rows of a queue that is not there are counted by table', async () => {
  const [{ key, value }] = storedRows(under.environment).rows('messages');
  const stray = Buffer.from(key);
  stray.writeUInt32BE(77);
  await put('messages', stray, value);
  assert.deepEqual(findings(), ['table messages, queue 77: 1 rows of a queue that is not there']);
});

test('a row that names a message that is not there is found in each table that names messages', async () => {
  const queue = [...storedRows(under.environment).keys('queues')][0];
  const place = Buffer.from([0, 0, 0, 0, 0, 0, 99]);
  await put('expiries', Buffer.concat([queue, Buffer.alloc(6, 1), place]), Buffer.alloc(1));
  await put('last-values', Buffer.concat([queue, Buffer.alloc(16, 1)]), place);
  await put('deduplication', Buffer.concat([queue, Buffer.alloc(16, 1)]), Buffer.alloc(6, 2));
  await put('deduplication-expiry', Buffer.concat([queue, Buffer.alloc(6, 2), Buffer.alloc(16, 3)]), Buffer.alloc(1));
  assert.deepEqual(
    findings().map((finding) => finding.replace(/[0-9a-f]{20,}/, '…')),
    [
      'queue "q", message 99: Table expiries names it, and there is no such message',
      'queue "q", message 99: Table last-values names it, and there is no such message',
      'queue "q": An id is remembered and never forgotten: …',
      'queue "q": An id is to be forgotten and is not remembered: …',
    ],
  );
});

test('a definition that cannot be read is told of, and so are the rows that it leaves alone', async () => {
  await change('queues', 0, () => Buffer.from('{'));
  const [definition, ...orphans] = findings();
  assert.match(definition, /^queue \d+: Its definition cannot be read/);
  assert.ok(orphans.some((finding) => /^table messages, queue \d+: 5 rows of a queue/.test(finding)));
});
