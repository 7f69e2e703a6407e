import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefilledList } from './refilled-list.ts';

const itemsOf = (list: RefilledList<number>): number[] => Array.from({ length: list.size }, (_, i) => list.at(i));

test('a list holds what was put in since it was cleared', () => {
  const list = new RefilledList<number>();
  for (const length of [3, 1, 70_000, 2, 5]) {
    const items = Array.from({ length }, (_, i) => i + length);
    for (const item of items) list.push(item);
    assert.deepEqual(itemsOf(list), items);
    list.clear();
    assert.equal(list.size, 0);
  }
});
