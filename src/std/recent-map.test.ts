import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentMap } from './recent-map.ts';

test('the entry that was not used for longest makes room', () => {
  const map = new RecentMap<string, number>(2);
  assert.equal(map.set('a', 1), undefined);
  assert.equal(map.set('b', 2), undefined);
  assert.equal(map.get('a'), 1);
  assert.equal(map.set('c', 3), 2);
  assert.deepEqual([...map.values()], [1, 3]);
  assert.equal(map.get('b'), undefined);
});

test('an entry that is set again takes no second place', () => {
  const map = new RecentMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  assert.equal(map.set('a', 3), undefined);
  assert.equal(map.size, 2);
  assert.equal(map.delete('a'), true);
  assert.deepEqual([...map.values()], [2]);
});
