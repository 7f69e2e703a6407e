import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behindAnswers } from './acceptance.ts';
import { SimulatedClock } from './clock.ts';
import { TestAcceptance } from './testing/test-acceptance.ts';

function begin(isBusy: boolean) {
  const acceptance = new TestAcceptance();
  acceptance.isBusy = isBusy;
  const clock = new SimulatedClock();
  const began = clock.now();
  const at: number[] = [];
  const run = (): number => at.push(clock.now() - began);
  behindAnswers(acceptance, clock, 100, run, () => clock.now());
  return { acceptance, clock, at };
}

test('runs at once where nobody waits', () => {
  assert.deepEqual(begin(false).at, [0]);
});

test('runs once, behind the answers after which nobody waits', () => {
  const { acceptance, clock, at } = begin(true);
  acceptance.answer();
  clock.advance(40);
  assert.deepEqual(at, []);
  acceptance.isBusy = false;
  acceptance.answer();
  clock.advance(1_000);
  acceptance.answer();
  assert.deepEqual(at, [40]);
});

test('runs at its bound where somebody always waits, and where the answers do not come', () => {
  const { acceptance, clock, at } = begin(true);
  clock.advance(60);
  acceptance.answer();
  clock.advance(1_000);
  acceptance.answer();
  assert.deepEqual(at, [100]);
});
