import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Alerts, alertHoldMs, alertNames, Threshold } from './alerts.ts';

const off = { depth: 0, oldestAgeMs: 0, growthPerMinute: 0, deadLetters: 0, deadLettersPerMinute: 0, stalledMs: 0 };
const calm = { waiting: 0, oldestAgeMs: 0, growthPerMinute: 0, deadLetters: 0, deadLettersPerMinute: 0, stalledMs: 0 };

test('a threshold says once that it is crossed, after the hold-off, and once that it is not any more', () => {
  const threshold = new Threshold();
  const said: string[] = [];
  const values = [0, 100, 150, 99, 120, 120, 120, 95, 90, 101, 89, 80, 0, 0, 200];
  for (const [i, value] of values.entries()) {
    if (threshold.update(value, 100, i * 5_000)) said.push(`${i}:${threshold.raised}`);
  }
  // Crossed from 4 on and from 10 on the other way; 1 to 3 was too short, and so is what begins at 14.
  assert.deepEqual(said, ['6:true', '12:false']);
});

test('a threshold that is taken away clears what it raised at once', () => {
  const threshold = new Threshold();
  threshold.update(5, 5, 0);
  assert.equal(threshold.update(5, 5, alertHoldMs), true);
  assert.equal(threshold.update(5, 0, alertHoldMs + 1), true);
  assert.equal(threshold.raised, false);
  assert.equal(threshold.update(5, 0, alertHoldMs + 2), false);
});

test('each alert looks at its own number and its own threshold', () => {
  const options = {
    depth: 1,
    oldestAgeMs: 2,
    growthPerMinute: 5,
    deadLetters: 3,
    deadLettersPerMinute: 6,
    stalledMs: 4,
  };
  const cases = { depth: { waiting: 1 }, 'oldest-age': { oldestAgeMs: 2 }, 'dead-letters': { deadLetters: 3 } };
  const growths = { growth: { growthPerMinute: 5 }, 'dead-letters-growth': { deadLettersPerMinute: 6 } };
  for (const [alert, met] of Object.entries({ ...cases, ...growths, stalled: { stalledMs: 4 } })) {
    const alerts = new Alerts(false);
    const watched = { ...calm, ...met };
    assert.deepEqual(alerts.update(watched, options, 0), []);
    const [[, value]] = Object.entries(met);
    assert.deepEqual(alerts.update(watched, options, alertHoldMs), [
      { alert, raised: true, met: value, threshold: value, presumed: false },
    ]);
    assert.deepEqual(alerts.raised, [alert]);
  }
});

test('without thresholds nothing is ever raised', () => {
  const alerts = new Alerts(false);
  const worst = {
    waiting: 1e9,
    oldestAgeMs: 1e12,
    growthPerMinute: 1e9,
    deadLetters: 1e9,
    deadLettersPerMinute: 1e9,
    stalledMs: 1e12,
  };
  for (let i = 0; i < 10; i++) assert.deepEqual(alerts.update(worst, off, i * alertHoldMs), []);
  assert.deepEqual(alerts.raised, []);
  assert.equal(alertNames.length, Object.keys(off).length);
});

test('where it may be raised from before, it is cleared once, or raised anew', () => {
  const below = new Threshold(true);
  // What is between the two says neither.
  const said = [95, 95, 95, 20, 95, 20, 20, 20, 20].map((met, i) => below.update(met, 100, i * 5_000));
  assert.deepEqual([said.indexOf(true), said.filter(Boolean).length, below.raised], [7, 1, false]);
  const beyond = new Threshold(true);
  assert.deepEqual(
    [20, 100, 100, 100, 100].map((met, i) => beyond.update(met, 100, i * 5_000)),
    [false, false, false, true, false],
  );
  assert.equal(beyond.raised, true);
  const none = new Threshold(true);
  assert.equal(none.update(0, 0, 0), false);
  assert.equal(none.update(0, 0, alertHoldMs), false);
});
