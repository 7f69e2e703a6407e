import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflightInitial, Pace } from './pace.ts';

function settle(pace: Pace, count: number): void {
  for (let i = 0; i < count; i++) pace.settled();
}

test('a consumer that settles all it may hold at once may hold twice as much', () => {
  let now = 0;
  const pace = new Pace(() => now);
  settle(pace, inflightInitial - 1);
  assert.equal(pace.limit, inflightInitial);
  now = 100;
  settle(pace, 1);
  assert.equal(pace.limit, 2 * inflightInitial);
  settle(pace, 2 * inflightInitial);
  assert.equal(pace.limit, 4 * inflightInitial);
});

test('one that takes its time keeps what it has, and one that has become slow goes back to the start', () => {
  let now = 0;
  const pace = new Pace(() => now);
  settle(pace, inflightInitial);
  settle(pace, 2 * inflightInitial);
  now += 500;
  settle(pace, 4 * inflightInitial);
  assert.equal(pace.limit, 4 * inflightInitial);
  for (let i = 0; i < 5; i++) {
    now += 1_001;
    settle(pace, pace.limit);
  }
  assert.equal(pace.limit, inflightInitial);
});

test('it never grows beyond the largest credit there is', () => {
  const pace = new Pace(() => 0);
  for (let i = 0; i < 30; i++) settle(pace, pace.limit);
  assert.equal(pace.limit, 65_536);
});
