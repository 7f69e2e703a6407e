import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateBucket } from './rate-bucket.ts';
import { forSeeds } from './testing/seed.ts';

test('a second of the rate passes at once, then as much as time brings', () => {
  const bucket = new RateBucket(10, 0);
  for (let i = 0; i < 10; i++) assert.equal(bucket.take(0), true);
  assert.equal(bucket.take(0), false);
  assert.equal(bucket.take(99), false);
  assert.equal(bucket.take(100), true);
  assert.equal(bucket.take(100), false);
});

test('a bucket that rests does not fill beyond one second', () => {
  const bucket = new RateBucket(10, 0);
  for (let i = 0; i < 10; i++) assert.equal(bucket.take(60_000), true);
  assert.equal(bucket.take(60_000), false);
});

test('a debt is paid by time, and what comes meanwhile makes it longer', () => {
  const bucket = new RateBucket(1_000, 0);
  assert.equal(bucket.charge(1_000, 0), 0);
  assert.equal(bucket.charge(500, 0), 500);
  assert.equal(bucket.charge(500, 250), 750);
  assert.equal(bucket.charge(0, 1_000), 0);
});

test('a clock that is set back neither fills nor empties it', () => {
  const bucket = new RateBucket(2, 10_000);
  assert.equal(bucket.take(10_000), true);
  assert.equal(bucket.take(5_000), true);
  assert.equal(bucket.take(5_000), false);
  assert.equal(bucket.take(5_500), true);
});

test('less than one a second lets one pass', () => {
  const bucket = new RateBucket(0.5, 0);
  assert.equal(bucket.take(0), true);
  assert.equal(bucket.take(1_999), false);
  assert.equal(bucket.take(2_000), true);
});

test('in whatever steps one asks, a message is there in the very millisecond of its turn', () => {
  forSeeds(200, (random) => {
    const perSecond = random.between(1, 40);
    const bucket = new RateBucket(perSecond, 0);
    for (let i = 0; i < perSecond; i++) bucket.take(0);
    const due = Math.ceil(1_000 / perSecond);
    for (let now = 0; now < due - 1; now += random.between(1, 3))
      assert.equal(bucket.has(Math.min(now, due - 1)), false);
    assert.equal(bucket.has(due), true);
  });
});
