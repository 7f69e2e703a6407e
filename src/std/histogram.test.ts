import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, histogramBounds } from './histogram.ts';
import { forSeeds } from './testing/seed.ts';

test('small values are kept exactly, and the largest always', () => {
  const histogram = new Histogram();
  for (const value of [1, 2, 3, 4, 1_000_003]) histogram.record(value);
  const { count, sum, max, p50, p99 } = histogram.read();
  assert.deepEqual([count, sum, max, p50, p99], [5, 1_000_013, 1_000_003, 3, 1_000_003]);
});

test('how many values are up to a bound is exact, for values on the bound and beside it', () => {
  const histogram = new Histogram();
  for (const bound of histogramBounds) for (const value of [bound - 1, bound, bound + 1]) histogram.record(value);
  const values = histogramBounds.flatMap((bound) => [bound - 1, bound, bound + 1]);
  const expected = histogramBounds.map((bound) => values.filter((value) => value <= bound).length);
  assert.deepEqual(histogram.read().upTo, expected);
});

test('a quantile is never below the true one, and at most a quarter above it', () => {
  forSeeds(20, (random) => {
    const histogram = new Histogram();
    const values = Array.from({ length: 1 + Math.floor(random.fraction() * 2_000) }, () =>
      Math.floor(2 ** (random.fraction() * 31)),
    );
    for (const value of values) histogram.record(value);
    values.sort((a, b) => a - b);
    const { p50, p90, p99 } = histogram.read();
    for (const [share, found] of [
      [0.5, p50],
      [0.9, p90],
      [0.99, p99],
    ]) {
      const exact = values[Math.ceil(values.length * share) - 1];
      assert.ok(found >= exact && found <= Math.max(1, exact * 1.25), `${found} for ${exact}`);
    }
  });
});

test('what is less than nothing counts as nothing, and what is beyond all bounds in the last bucket', () => {
  const histogram = new Histogram();
  for (const value of [-5, 2 ** 40]) histogram.record(value);
  const { count, max, upTo } = histogram.read();
  assert.deepEqual([count, max, upTo[0], upTo[12]], [2, 2 ** 31, 1, 1]);
});

test('a reading costs nothing where nothing was recorded since, and is another one where something was', () => {
  const histogram = new Histogram();
  histogram.record(3);
  const first = histogram.read();
  assert.equal(histogram.read(), first);
  histogram.record(4);
  assert.deepEqual([first.count, histogram.read().count], [1, 2]);
});
