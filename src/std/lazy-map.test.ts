import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LazyMap } from './lazy-map.ts';

test('an empty map answers as one, before and after it held something', () => {
  const map = new LazyMap<number, string>();
  const isEmpty = (): void => {
    assert.deepEqual([map.size, map.has(1), map.get(1), map.delete(1)], [0, false, undefined, false]);
    assert.deepEqual([[...map.values()], [...map]], [[], []]);
  };
  isEmpty();
  map.set(1, 'a');
  assert.equal(map.delete(1), true);
  isEmpty();
  map.set(1, 'a');
  map.clear();
  isEmpty();
});

test('entries are kept in the order in which they came', () => {
  const map = new LazyMap<number, string>();
  map.set(2, 'b');
  map.set(1, 'a');
  map.set(2, 'c');
  assert.deepEqual(
    [...map],
    [
      [2, 'c'],
      [1, 'a'],
    ],
  );
  assert.deepEqual([...map.values()], ['c', 'a']);
  assert.deepEqual([map.size, map.has(2), map.get(1)], [2, true, 'a']);
});
