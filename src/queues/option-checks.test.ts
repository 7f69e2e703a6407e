import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOption, headersProblem } from './option-checks.ts';
import { queueOptionRows } from './option-rows.ts';

function check(name: string, value: unknown): { value: unknown } | { expected: string } {
  const row = queueOptionRows.find((candidate) => candidate.name === name);
  assert.ok(row !== undefined);
  return checkOption(row, value, 'q');
}

test('a key takes an expression or null', () => {
  assert.deepEqual(check('orderingKey', null), { value: null });
  assert.deepEqual(check('orderingKey', 'json:$.a'), { value: 'json:$.a' });
  assert.match(JSON.stringify(check('orderingKey', 'payload')), /null or one of topic, topic:LEVEL/);
});

test('a list of delays has whole numbers within the range, and not too many', () => {
  assert.deepEqual(check('backoff.delaysMs', [0, 5]), { value: [0, 5] });
  for (const wrong of [[-1], [0.5], ['5'], Array(101).fill(1), 5])
    assert.match(JSON.stringify(check('backoff.delaysMs', wrong)), /at most 100 whole numbers from 0 to/);
});

test('a start is text in one of its forms', () => {
  assert.deepEqual(check('group.start', '12'), { value: '12' });
  assert.match(JSON.stringify(check('group.start', 12)), /as text/);
});

test('headers ask for user properties, all or any', () => {
  assert.equal(headersProblem({ match: 'any', colour: 'red' }), undefined);
  assert.equal(headersProblem({ colour: '' }), undefined);
  for (const [headers, problem] of [
    ['red', /takes an object/],
    [{ match: 'some', colour: 'red' }, /"match" takes all or any, not "some"/],
    [{ match: 'all' }, /1 to 32 user properties/],
    [{ colour: 5 }, /"colour" takes a text/],
    [{ colour: 'x'.repeat(1_025) }, /"colour" takes a text/],
    [Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`h${n}`, ''])), /1 to 32/],
  ] as const)
    assert.match(headersProblem(headers) ?? '', problem);
});
