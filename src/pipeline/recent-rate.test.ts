import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentRate } from './recent-rate.ts';

test('the mean is of the seconds that are over, and the present one may be the busiest', () => {
  const rate = new RecentRate(11);
  for (let i = 0; i < 30; i++) rate.count(100_000);
  assert.deepEqual(rate.read(100_999), { perSecond: 0, peakPerSecond: 30 });
  assert.deepEqual(rate.read(101_000), { perSecond: 3, peakPerSecond: 30 });
  for (let i = 0; i < 10; i++) rate.count(105_500);
  assert.deepEqual(rate.read(106_000), { perSecond: 4, peakPerSecond: 30 });
  assert.deepEqual(rate.read(111_000), { perSecond: 1, peakPerSecond: 10 });
  assert.deepEqual(rate.read(500_000), { perSecond: 0, peakPerSecond: 0 });
});

test('a clock that is set back loses no count', () => {
  const rate = new RecentRate(11);
  rate.count(100_000);
  rate.count(40_000);
  assert.deepEqual(rate.read(101_000), { perSecond: 0.2, peakPerSecond: 2 });
});
