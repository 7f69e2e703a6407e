import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateWindow } from './rate-window.ts';

test('a rate is what came since the first sample that is still held', () => {
  const window = new RateWindow(2, 3);
  assert.equal(window.perSecond(0), 0);
  window.sample(10_000, [100, 0]);
  assert.equal(window.perSecond(0), 0);
  window.sample(12_000, [120, 5]);
  assert.deepEqual([window.perSecond(0), window.perSecond(1)], [10, 2.5]);
  window.sample(14_000, [120, 5]);
  window.sample(16_000, [120, 5]);
  assert.deepEqual([window.perSecond(0), window.perSecond(1)], [0, 0]);
});

test('a clock that is set back begins the window again', () => {
  const window = new RateWindow(1, 3);
  window.sample(10_000, [0]);
  window.sample(5_000, [1_000]);
  assert.equal(window.perSecond(0), 0);
  window.sample(6_000, [1_001]);
  assert.equal(window.perSecond(0), 1);
});
