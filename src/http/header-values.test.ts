import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime } from './header-values.ts';

test('a time is epoch milliseconds or ISO 8601 with its zone', () => {
  assert.equal(parseTime('1700000000000', 'time'), 1_700_000_000_000);
  assert.equal(parseTime('0', 'time'), 0);
  assert.equal(parseTime('2023-11-14T22:13:20Z', 'time'), 1_700_000_000_000);
  assert.equal(parseTime('2023-11-15T00:13:20.5+02:00', 'time'), 1_700_000_000_500);
});

test('what could mean several times, or none, is refused with its name', () => {
  for (const text of [
    '',
    'now',
    '-1',
    '1.5',
    '2023-11-14',
    '2023-11-14T22:13:20',
    '2023-13-14T22:13:20Z',
    '1e3',
    ' 5',
    '9'.repeat(20),
  ]) {
    assert.throws(() => parseTime(text, 'Sluice-Time'), /Give Sluice-Time as epoch milliseconds/, text);
  }
});
