import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentHistogram } from './recent-histogram.ts';

test('values of the last half of the window are there, and those from before the window are not', () => {
  const values = new RecentHistogram(60_000);
  values.record(900, 1_000);
  values.record(5, 31_000);
  const read = (now: number): number[] => {
    const { count, sum, max, p99 } = values.read(now);
    return [count, sum, max, p99];
  };
  assert.deepEqual(read(59_999), [2, 905, 900, 900]);
  assert.deepEqual(read(60_000), [1, 5, 5, 5]);
  assert.deepEqual(read(90_000), [0, 0, 0, 0]);
  values.record(7, 40_000);
  assert.deepEqual(read(90_000), [1, 7, 7, 7], 'a clock that was set back loses nothing');
  assert.deepEqual(read(500_000), [0, 0, 0, 0]);
});
