import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNewer } from './freshness.ts';

const known = { time: 1000, seq: 5, receivedAt: 2000 };
const withoutSeq = { time: 1000, seq: undefined, receivedAt: 2000 };

test('a later time wins whatever the counter and the arrival say', () => {
  assert.equal(isNewer({ time: 1001, seq: 1, receivedAt: 1 }, known), true);
  assert.equal(isNewer({ time: 999, seq: 9, receivedAt: 9000 }, known), false);
});

test('at the same time the higher counter wins', () => {
  assert.equal(isNewer({ time: 1000, seq: 6, receivedAt: 1 }, known), true);
  assert.equal(isNewer({ time: 1000, seq: 4, receivedAt: 9000 }, known), false);
});

test('the same time and counter is the same reading, and what is known stays', () => {
  assert.equal(isNewer({ ...known, receivedAt: 9000 }, known), false);
});

test('a counter goes before none', () => {
  assert.equal(isNewer({ ...known, seq: 0 }, withoutSeq), true);
  assert.equal(isNewer({ ...withoutSeq, receivedAt: 9000 }, known), false);
});

test('without counters the later arrival wins a tie of time', () => {
  assert.equal(isNewer(withoutSeq, withoutSeq), true);
  assert.equal(isNewer({ ...withoutSeq, receivedAt: 1999 }, withoutSeq), false);
});
