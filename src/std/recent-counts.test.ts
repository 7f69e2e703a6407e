import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentCounts } from './recent-counts.ts';

test('what came is told by its slot, the present one last', () => {
  const counts = new RecentCounts(3, 1_000);
  for (const at of [10_000, 10_999, 11_000, 12_500]) counts.add(at);
  assert.deepEqual(counts.read(12_999), [2, 1, 1]);
  assert.deepEqual(counts.read(13_000), [1, 1, 0]);
  assert.deepEqual(counts.read(15_000), [0, 0, 0]);
});

test('one that comes late is counted where it belongs, and forgotten before the first slot', () => {
  const counts = new RecentCounts(3, 1_000);
  counts.add(12_000);
  counts.add(10_000);
  counts.add(9_000);
  assert.deepEqual(counts.read(12_000), [1, 0, 1]);
});

test('a jump beyond all slots leaves nothing of before', () => {
  const counts = new RecentCounts(3, 1_000);
  counts.add(1_000);
  counts.add(60_000);
  assert.deepEqual(counts.read(60_000), [0, 0, 1]);
  counts.clear();
  assert.deepEqual(counts.read(60_000), [0, 0, 0]);
});

test('a clock that is set back shows what is not in the future', () => {
  const counts = new RecentCounts(3, 1_000);
  counts.add(10_000);
  counts.add(12_000);
  assert.deepEqual(counts.read(11_000), [0, 1, 0]);
});

test('stored and read again it counts on', () => {
  const counts = new RecentCounts(3, 1_000);
  counts.add(1_790_000_000_000);
  const row = Buffer.alloc(counts.storedBytes + 1);
  counts.writeTo(row, 1);
  const again = new RecentCounts(3, 1_000);
  again.readFrom(row, 1);
  again.add(1_790_000_001_000);
  assert.deepEqual(again.read(1_790_000_001_000), [0, 1, 1]);
});
