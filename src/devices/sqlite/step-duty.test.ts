import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { createLog } from '../../std/log.ts';
import { TestAcceptance } from '../../std/testing/test-acceptance.ts';
import { StepDuty } from './step-duty.ts';

const intervalMs = 1_000;

function begin() {
  const clock = new SimulatedClock();
  const acceptance = new TestAcceptance();
  let steps = 0;
  const duty = new StepDuty({
    name: 'duty',
    step: async () => ++steps < 0,
    clock,
    log: createLog('error', () => undefined),
    complaint: 'Cannot',
    intervalMs,
    pauseMs: 10,
    acceptance,
  });
  duty.start();
  clock.advance(intervalMs);
  const answer = (): void => {
    acceptance.isBusy = false;
    acceptance.answer();
  };
  return { duty, answer, steps: () => steps };
}

test('a step waits for those who wait for their answers', () => {
  const { answer, steps } = begin();
  assert.equal(steps(), 0);
  answer();
  assert.equal(steps(), 1);
});

test('a duty that is stopped meanwhile takes no step', () => {
  const { duty, answer, steps } = begin();
  duty.stop();
  answer();
  assert.equal(steps(), 0);
});
