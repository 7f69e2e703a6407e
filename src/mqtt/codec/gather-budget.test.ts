import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatherBudget } from './gather-budget.ts';
import { GatherPool } from './gather-pool.ts';

const mebibyte = 1024 * 1024;
const terms = { bytesMax: mebibyte, alwaysBytes: 64 * 1024, farAheadBytesMax: mebibyte / 4 };

test('memory is lent far ahead of what has come while most is free, and near ahead then', () => {
  const budget = new GatherBudget(new GatherPool(), terms);
  const first = budget.take(10_000, 4 * mebibyte) as Buffer;
  assert.equal(first.length, 160 * 1024);
  assert.equal(budget.take(10_000, 4 * mebibyte)?.length, 20 * 1024);
  budget.release(first);
  assert.equal(budget.take(10_000, 4 * mebibyte)?.length, 160 * 1024);
});

test('a packet gets no more than it wants, and all of it where that is little more', () => {
  const budget = new GatherBudget(new GatherPool(), { ...terms, farAheadBytesMax: 0 });
  assert.deepEqual(
    [100, 400, 1_000, 1_030].map((arrived) => budget.take(arrived, 2_000)?.length),
    [1_024, 1_024, 2_048, 2_048],
  );
  assert.equal(budget.take(600, 1_300)?.length, 1_408);
});

test('beyond the most that may be lent large packets are refused, and what lies across two reads is not', () => {
  const budget = new GatherBudget(new GatherPool(), terms);
  const lent = budget.take(mebibyte, mebibyte) as Buffer;
  assert.equal(budget.take(64 * 1024 + 1, mebibyte), undefined);
  const small = budget.take(64 * 1024, 64 * 1024) as Buffer;
  budget.release(lent);
  budget.release(small);
  assert.equal(budget.lentBytes, 0);
  assert.equal(budget.take(mebibyte, mebibyte)?.length, mebibyte);
});

test('whoever takes all of it has sent a third of it', () => {
  const budget = new GatherBudget(new GatherPool(), { ...terms, bytesMax: 32 * mebibyte, farAheadBytesMax: 0 });
  const arrived = 66_000;
  let sent = 0;
  while (budget.take(arrived, 4 * mebibyte) !== undefined) sent += arrived;
  assert.ok(sent > (32 * mebibyte) / 3, `${sent} bytes were enough`);
});

test('two budgets of one pool count by themselves, and lend what came back to either', () => {
  const pool = new GatherPool();
  const [one, two] = [new GatherBudget(pool, terms), new GatherBudget(pool, terms)];
  const lent = one.take(mebibyte, mebibyte) as Buffer;
  assert.equal(two.lentBytes, 0);
  one.release(lent);
  assert.ok(two.take(mebibyte, mebibyte) === lent);
  assert.deepEqual([one.lentBytes, two.lentBytes], [0, mebibyte]);
});

test('what was discarded is no more lent, and nobody gets it', () => {
  const pool = new GatherPool();
  const budget = new GatherBudget(pool, terms);
  const lent = budget.take(mebibyte, mebibyte) as Buffer;
  budget.discard(lent);
  assert.equal(budget.lentBytes, 0);
  assert.equal(pool.hold(lent), false);
  assert.ok(budget.take(mebibyte, mebibyte) !== lent);
});
