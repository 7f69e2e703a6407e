import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8Size, writeUtf8 } from './text.ts';

const texts = [
  '',
  'topic/of/ASCII',
  'grün',
  '日本',
  '😀',
  '\ud800 alone',
  'a'.repeat(48),
  'b'.repeat(49),
  'ü'.repeat(48),
  'x'.repeat(1_000),
];

test('texts are written as Buffer writes them, short and long', () => {
  for (const text of texts) {
    const expected = Buffer.from(text);
    const buffer = Buffer.alloc(expected.length + 2);
    assert.equal(utf8Size(text), expected.length);
    assert.equal(writeUtf8(buffer, 1, text, expected.length), expected.length + 1);
    assert.deepEqual(buffer.subarray(1, -1), expected);
    assert.equal(buffer.at(-1), 0);
  }
});
