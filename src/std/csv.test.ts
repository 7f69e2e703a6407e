import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CsvReader, csvLine } from './csv.ts';
import { forSeeds } from './testing/seed.ts';

function read(text: string, pieceLength = text.length || 1): (string | undefined)[][] {
  const reader = new CsvReader(1_000);
  const records = [];
  for (let at = 0; at < text.length; at += pieceLength) records.push(...reader.push(text.slice(at, at + pieceLength)));
  records.push(...reader.end());
  return records.map(({ line, fields, problem }) => [String(line), ...fields, ...(problem ? [problem] : [])]);
}

test('records end with either line break or with the file, and blank lines are none', () => {
  assert.deepEqual(read('a,b\r\nc,d\n\r\n\ne,'), [
    ['1', 'a', 'b'],
    ['2', 'c', 'd'],
    ['5', 'e', ''],
  ]);
  assert.deepEqual(read(''), []);
  assert.deepEqual(read('""'), [['1', '']]);
});

test('quotes hold commas, quotes and line breaks, and the line is the one where the record began', () => {
  assert.deepEqual(read('"a,""b""\r\nc",d\ne\n'), [
    ['1', 'a,"b"\r\nc', 'd'],
    ['3', 'e'],
  ]);
});

test('a record whose quotes are out of place is marked, and the next one is read', () => {
  assert.deepEqual(read('a"b,c\nd\n'), [
    ['1', 'a"b', 'c', 'a quote stands inside a field without quotes'],
    ['2', 'd'],
  ]);
  assert.deepEqual(read('"a"b\nd'), [
    ['1', 'ab', 'something stands behind a closing quote'],
    ['2', 'd'],
  ]);
  assert.deepEqual(read('a,"b'), [['1', 'a', 'b', 'a quote is never closed']]);
});

test('a quote that is never closed does not swallow more than one record may have', () => {
  const reader = new CsvReader(100);
  assert.throws(() => reader.push(`a\n"${'x'.repeat(200)}`), { name: 'CsvRecordTooLong', message: /line 2/ });
});

test('whatever is written is read again the same, in pieces of any length', () =>
  forSeeds(20, (random) => {
    const alphabet = ['a', '"', ',', '\n', ' ', 'ü', '😀', ''];
    const field = (): string => Array.from({ length: random.below(6) }, () => alphabet[random.below(8)]).join('');
    const rows = Array.from({ length: 1 + random.below(8) }, () => ['id', field(), field()]);
    const text = rows.map(csvLine).join('');
    assert.deepEqual(
      read(text, 1 + random.below(7)).map(([, ...fields]) => fields),
      rows,
    );
  }));
