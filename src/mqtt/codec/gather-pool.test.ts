import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatherPool } from './gather-pool.ts';

test('memory that came back is lent again to whoever needs as much', () => {
  const pool = new GatherPool();
  const lent = pool.take(5_000);
  assert.equal(lent.length, 5_120);
  assert.notEqual(pool.take(5_000), lent);
  pool.letGo(lent);
  assert.notEqual(pool.take(4_096), lent);
  assert.equal(pool.take(5_120), lent);
  assert.notEqual(pool.take(5_120), lent);
});

test('sizes are near to what is needed', () => {
  const pool = new GatherPool();
  assert.equal(pool.take(1024 * 1024 + 20).length, 1152 * 1024);
  assert.equal(pool.take(9).length, 9);
});

test('what is held is lent again when its last holder let it go, whoever that is', () => {
  const pool = new GatherPool();
  const lent = pool.take(32_768);
  assert.ok(pool.hold(lent.subarray(100, 200)));
  assert.ok(pool.hold(lent));
  pool.letGo(lent);
  pool.letGo(lent);
  assert.notEqual(pool.take(32_768), lent);
  pool.letGo(lent.subarray(100, 200));
  assert.equal(pool.take(32_768), lent);
});

test('bytes from elsewhere, and those of small packets, are not held', () => {
  const pool = new GatherPool();
  assert.equal(pool.hold(Buffer.alloc(32_768)), false);
  assert.equal(pool.hold(pool.take(1_000)), false);
  const lent = pool.take(32_768);
  pool.letGo(lent);
  assert.equal(pool.hold(lent), false);
});

test('what was discarded is no more lent, and nobody gets it', () => {
  const pool = new GatherPool();
  const lent = pool.take(32_768);
  pool.discard(lent);
  assert.equal(pool.hold(lent), false);
  assert.notEqual(pool.take(32_768), lent);
});

test('what the pool keeps is bounded', () => {
  const pool = new GatherPool();
  const lent = Array.from({ length: 20 }, () => pool.take(1024 * 1024));
  for (const buffer of lent) pool.letGo(buffer);
  const kept = lent.map(() => pool.take(1024 * 1024)).filter((buffer) => lent.includes(buffer));
  assert.equal(kept.length, 16);
});
