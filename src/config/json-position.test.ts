import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findJsonProblem } from './json-position.ts';

const mistakes: readonly [text: string, line: number, column: number, expected: string][] = [
  ['{\n  "host": nowhere\n}', 2, 11, 'a value'],
  ['{\n  "host": "a",\n}', 3, 1, 'a name in double quotes'],
  ['{ "a": 1 "b": 2 }', 1, 10, '"," or "}"'],
  ['[1, 2', 1, 6, '"," or "]"'],
  ['{ "a" 1 }', 1, 7, '":"'],
  ['{ "a": "x\ny" }', 1, 8, 'a string that ends on its line'],
  ['{} {}', 1, 4, 'the end'],
  ['', 1, 1, 'a value'],
  ['[01]', 1, 2, 'a value'],
];

for (const [text, line, column, expected] of mistakes) {
  test(`the mistake in ${JSON.stringify(text)} is found in line ${line}, column ${column}`, () => {
    assert.throws(() => JSON.parse(text));
    assert.deepEqual(findJsonProblem(text), { line, column, expected });
  });
}

test('there is no mistake in what JSON.parse reads', () => {
  for (const text of ['{}', ' [ ] ', '"\\u00e9\\n"', '-0.5e+3', '{"a":[true,null,{"b":""}]}\n']) {
    JSON.parse(text);
    assert.equal(findJsonProblem(text), undefined, text);
  }
});
