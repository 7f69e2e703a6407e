import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGroupStart } from './group-start.ts';

test('a group starts at an end, at a sequence, or at a time with its zone', () => {
  assert.equal(parseGroupStart('earliest'), 'earliest');
  assert.equal(parseGroupStart('latest'), 'latest');
  assert.deepEqual(parseGroupStart('42'), { sequence: 42 });
  assert.deepEqual(parseGroupStart('1970-01-01T00:00:01.500Z'), { timeMs: 1_500 });
  assert.deepEqual(parseGroupStart('1970-01-01T02:00+01:00'), { timeMs: 3_600_000 });
});

test('anything else is no start', () => {
  for (const text of [
    '',
    'newest',
    '-1',
    '1.5',
    '1'.repeat(16),
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-13-01T00:00Z',
  ])
    assert.equal(parseGroupStart(text), undefined, text);
});
