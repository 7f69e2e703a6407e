import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf } from './readings.ts';

test('data becomes one reading, messages one each with the time in epoch milliseconds', () => {
  assert.deepEqual(answerOf({ data: { t: 1 } }), { ok: true, readings: [{ data: { t: 1 } }], warnings: [] });
  const messages = [
    { eventType: 'door.opened', time: '1970-01-01T00:00:01Z', seq: 4, data: {} },
    { time: 5, data: { t: null } },
  ];
  assert.deepEqual(answerOf({ messages, warnings: ['low'] }), {
    ok: true,
    readings: [
      { eventType: 'door.opened', time: 1000, seq: 4, data: {} },
      { time: 5, data: { t: null } },
    ],
    warnings: ['low'],
  });
});

test('errors refuse the message even beside data', () => {
  assert.deepEqual(answerOf({ data: { t: 1 }, errors: ['one', 'two'] }), { ok: false, reason: 'one; two' });
  assert.equal(answerOf({ data: { t: 1 }, errors: [] }).ok, true);
  assert.deepEqual(answerOf({ errors: [['bad'], { code: 1 }] }), { ok: false, reason: 'bad; {"code":1}' });
  assert.deepEqual(answerOf({ errors: [[{ toString: 1 }]] }), { ok: false, reason: '[{"toString":1}]' });
  const reason = 'The driver answered errors that say nothing: [""]';
  assert.deepEqual(answerOf({ data: { t: 1 }, errors: [''] }), { ok: false, reason });
});

test('a number that JSON cannot say is refused with its place, an undefined property is as good as absent', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const answer = answerOf({ data: { a: { b: [1, value] } } });
    assert.deepEqual(answer, { ok: false, reason: `Expected a finite number in data.a.b[1], met ${value}` });
  }
  const answer = answerOf({ data: { a: undefined, b: 1 } });
  assert.equal(JSON.stringify(answer), '{"ok":true,"readings":[{"data":{"b":1}}],"warnings":[]}');
});

test('what is not JSON is refused with what was met', () => {
  const refused: [unknown, RegExp][] = [
    [undefined, /met nothing/],
    ['text', /met a string/],
    [{}, /Answer data as an object: met nothing/],
    [{ data: [1] }, /met an array/],
    [{ data: { f: () => 1 } }, /Expected a JSON value in data.f, met a function/],
    [{ data: { n: 1n } }, /met a bigint/],
    [{ messages: {} }, /Answer messages as an array/],
    [{ messages: [1] }, /messages\[0\] as an object/],
    [
      { messages: [{ data: {}, time: 'soon' }] },
      /time as epoch milliseconds or an ISO 8601 text with its zone: met "soon"/,
    ],
    [{ messages: [{ data: {}, seq: 1.5 }] }, /seq as an integer: met 1.5/],
    [{ messages: [{ data: {}, eventType: 'a/b' }] }, /eventType as 1 to 128 letters/],
    [{ data: {}, errors: 7 }, /errors as an array of texts/],
  ];
  for (const [output, reason] of refused) {
    const answer = answerOf(output);
    assert.ok(!answer.ok, `accepted ${JSON.stringify(output, (_, value) => String(value))}`);
    assert.match(answer.reason, reason);
  }
});

test('depth, number of values, number of messages and length of texts are limited', () => {
  let deep: object = {};
  for (let level = 0; level < 40; level++) deep = { deep };
  const tooMuch: [unknown, RegExp][] = [
    [{ data: deep }, /at most 32 objects within each other/],
    [{ data: { list: new Array(10_001).fill(1) } }, /at most 10000 values/],
    [{ messages: new Array(1001).fill({ data: {} }) }, /at most 1000 messages, met 1001/],
  ];
  for (const [output, reason] of tooMuch) {
    const answer = answerOf(output);
    assert.ok(!answer.ok);
    assert.match(answer.reason, reason);
  }
  const long = answerOf({ errors: ['x'.repeat(10_000)] });
  assert.ok(!long.ok && long.reason.length <= 502);
});
