import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from './bytes.ts';

test('what was written stays when the writer grows', () => {
  const writer = new ByteWriter(4);
  const expected = Buffer.from(Array.from({ length: 1_000 }, (_, n) => n & 0xff));
  for (const byte of expected) {
    writer.reserve(1);
    writer.buffer[writer.position++] = byte;
  }
  assert.deepEqual(writer.bytes(), expected);
});

test('reserve makes room for more than twice the buffer at once', () => {
  const writer = new ByteWriter(1);
  writer.append(Buffer.from('a'), 0, 1);
  writer.reserve(5_000);
  assert.ok(writer.buffer.length - writer.position >= 5_000);
  assert.equal(writer.bytes().toString(), 'a');
});

test('reserve keeps a buffer that has the room', () => {
  const writer = new ByteWriter(8);
  const { buffer } = writer;
  writer.position = 3;
  writer.reserve(5);
  assert.equal(writer.buffer, buffer);
});

test('append puts bytes behind each other', () => {
  const writer = new ByteWriter(2);
  for (const part of ['one', '', ' ', 'two']) writer.append(Buffer.from(`<${part}>`), 1, part.length + 1);
  assert.equal(writer.bytes().toString(), 'one two');
  assert.equal(writer.position, 7);
});
