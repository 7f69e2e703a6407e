import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Row } from '../../../storage/environment.ts';
import { HotShare, HotWindow } from '../hot-window.ts';
import { messageKey } from '../keys.ts';
import { LogReader } from './log-reader.ts';
import { LogTail, tailBytesMax, tailMessagesMax } from './log-tail.ts';

let window: HotWindow;
let tail: LogTail;
let rows: Row[];
let reads: number;
beforeEach(() => {
  window = new HotWindow();
  tail = new LogTail(new HotShare(window));
  rows = [];
  reads = 0;
});

const record = (sequence: number, bytes = 8): Buffer => Buffer.alloc(bytes, sequence);

function store(from: number, end: number): void {
  for (let sequence = from; sequence < end; sequence++) {
    rows.push({ key: messageKey(1, 0, sequence), value: record(sequence) });
  }
}

/** Everything that is stored is flushed. */
function readerAt(cursor: number, flushedTo: number): LogReader {
  const readRange = (_table: string, from: Buffer, to: Buffer, limit: number): Row[] => {
    reads++;
    return rows.filter(({ key }) => key.compare(from) >= 0 && key.compare(to) < 0).slice(0, limit);
  };
  const environment = { readRange } as unknown as ConstructorParameters<typeof LogReader>[0]['context']['environment'];
  return new LogReader(
    { id: 1, context: { environment }, hot: new HotShare(window), tail, flushedTo, isLeaving: () => false },
    cursor,
  );
}

function readAll(reader: LogReader): number[] {
  const sequences: number[] = [];
  while (reader.find() !== undefined) sequences.push(reader.cursor++);
  return sequences;
}

test('the tail holds the newest up to its limits, one run without holes', () => {
  for (let sequence = 5; sequence < 5 + tailMessagesMax + 10; sequence++) tail.push(sequence, record(sequence));
  assert.deepEqual([tail.size, tail.first, window.messages], [tailMessagesMax, 15, tailMessagesMax]);
  assert.equal(tail.get(14), undefined);
  assert.deepEqual(tail.get(15), record(15));
  tail.push(5 + tailMessagesMax + 10, record(0, tailBytesMax));
  assert.deepEqual([tail.size, tail.bytes], [1, tailBytesMax]);
});

test('what nobody reads any more leaves the tail, and its room with it', () => {
  for (let sequence = 1; sequence <= 10; sequence++) tail.push(sequence, record(sequence));
  tail.release(4);
  assert.deepEqual([tail.size, tail.first, window.messages, window.bytes], [7, 4, 7, 56]);
  tail.clear();
  assert.deepEqual([tail.size, window.messages, window.bytes], [0, 0, 0]);
  tail.push(11, record(11));
  assert.equal(tail.first, 11);
});

test('a reader goes from disk into the tail, and gives back what it had read ahead', () => {
  store(1, 21);
  for (let sequence = 15; sequence <= 20; sequence++) tail.push(sequence, record(sequence));
  const reader = readerAt(3, 21);
  assert.deepEqual(reader.find(), record(3));
  assert.ok(reader.fromDisk && window.messages > 6);
  assert.deepEqual(
    readAll(reader),
    Array.from({ length: 18 }, (_, n) => n + 3),
  );
  assert.deepEqual([reads, reader.fromDisk, window.messages], [1, false, 6]);
});

test('a reader shows nothing that is not flushed, and goes over what is not there', () => {
  store(1, 4);
  store(10, 12);
  for (let sequence = 10; sequence <= 14; sequence++) tail.push(sequence, record(sequence));
  assert.deepEqual(readAll(readerAt(1, 12)), [1, 2, 3, 10, 11]);
  tail.clear();
  const reader = readerAt(5, 9);
  assert.equal(reader.find(), undefined);
  assert.equal(reader.cursor, 9);
});

test('a reader can go back, and forward, within what it has read ahead and out of it', () => {
  store(1, 101);
  const reader = readerAt(50, 101);
  for (const cursor of [50, 60, 55, 100, 51, 1, 99]) {
    reader.cursor = cursor;
    assert.deepEqual(reader.find(), record(cursor));
    assert.equal(reader.cursor, cursor);
  }
  reader.drop();
  assert.equal(window.messages, 0);
});
