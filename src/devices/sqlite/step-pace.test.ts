import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sqliteLimits } from './limits.ts';
import { StepPace } from './step-pace.ts';

const { sweepRowsMin, sweepStepMs } = sqliteLimits;

/** Steps on a machine where a row takes so long; answers the rows of the last one. */
function paced() {
  let now = 0;
  let changes = 0;
  const pace = new StepPace(
    () => changes,
    () => now,
  );
  const steps = (count: number, msPerRow: number, { found = 2_000, rowsMax = 2_000, waitMs = 0 } = {}): number => {
    let rows = 0;
    for (let step = 0; step < count; step++) {
      now += waitMs;
      pace.run(rowsMax, (asked) => {
        rows = asked;
        now += asked * msPerRow;
        changes += Math.min(found, asked);
        return true;
      });
    }
    return rows;
  };
  return steps;
}

test('steps grow to what may be done in their time, and no further', () => {
  const steps = paced();
  assert.equal(steps(1, 0.05), sweepRowsMin);
  const rows = steps(30, 0.05);
  assert.ok(rows * 0.05 <= sweepStepMs && rows * 0.05 > sweepStepMs * 0.9, `${rows}`);
  assert.equal(steps(30, 0.001), 2_000);
  assert.equal(steps(1, 0.001, { rowsMax: 7 }), 7);
});

test('one step that takes too long makes the next one fit', () => {
  const steps = paced();
  steps(30, 0.001);
  steps(1, 0.05);
  assert.equal(steps(1, 0.05) * 0.05, sweepStepMs);
  steps(1, 1_000);
  assert.equal(steps(1, 1), sweepRowsMin);
});

test('a step that others keep waiting takes its share of the time, up to a bound', () => {
  const { sweepShareMin, sweepStepMsMax } = sqliteLimits;
  const steps = paced();
  const heldMs = (waitMs: number) => steps(30, 0.1, { waitMs, rowsMax: 10_000 }) * 0.1;
  assert.ok(heldMs(50) <= sweepStepMs);
  const held = heldMs(600);
  assert.ok(held > (600 + held) * sweepShareMin * 0.95 && held <= sweepStepMsMax, `${held}`);
  assert.ok(heldMs(60_000) <= sweepStepMsMax);
  assert.ok(heldMs(0) <= sweepStepMs);
});

test('a step that finds little to do says nothing of one that finds more', () => {
  const steps = paced();
  assert.equal(steps(30, 0.000_1, { found: sweepRowsMin - 1 }), sweepRowsMin);
});
