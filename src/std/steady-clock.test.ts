import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from './clock.ts';
import { SteadyClock } from './steady-clock.ts';

test('a steady clock stands still where the clock is set back, and goes on from there', () => {
  const clock = new SimulatedClock(1_000_000);
  const steady = new SteadyClock(clock);
  const before = steady.now();
  clock.setBack(500);
  assert.equal(steady.now(), before);
  clock.advance(100);
  assert.equal(steady.now(), before + 100);
  clock.setBack(10_000);
  assert.deepEqual([steady.now(), steady.turn()], [before + 100, before + 100]);
});
