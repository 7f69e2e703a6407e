import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopicTree } from './topic-tree.ts';

function treeOf(...topics: string[]): TopicTree<string> {
  const tree = new TopicTree<string>();
  for (const topic of topics) tree.set(topic, topic);
  return tree;
}

test('an exact filter finds the one topic', () => {
  assert.deepEqual([...treeOf('a/b', 'a', 'a/b/c').match('a/b')], ['a/b']);
});

test('# finds the level above and everything below [MQTT-4.7.1-2]', () => {
  assert.deepEqual([...treeOf('a', 'a/b', 'a/b/c', 'ab').match('a/#')].sort(), ['a', 'a/b', 'a/b/c']);
});

test('+ finds exactly one level, also an empty one', () => {
  assert.deepEqual([...treeOf('a/b', 'a/', 'a', 'a/b/c').match('a/+')].sort(), ['a/', 'a/b']);
});

test('a wildcard at the first level leaves out topics that begin with $ [MQTT-4.7.2-1]', () => {
  const tree = treeOf('$SYS/a', 'x/a');
  assert.deepEqual([...tree.match('#')], ['x/a']);
  assert.deepEqual([...tree.match('+/a')], ['x/a']);
  assert.deepEqual([...tree.match('$SYS/#')], ['$SYS/a']);
});

test('setting replaces, deleting removes, and the size follows', () => {
  const tree = treeOf('a/b', 'a/b/c');
  tree.set('a/b', 'new');
  assert.equal(tree.get('a/b'), 'new');
  assert.equal(tree.size, 2);
  assert.equal(tree.delete('a/b'), true);
  assert.equal(tree.delete('a/b'), false);
  assert.equal(tree.delete('a/b/c'), true);
  assert.equal(tree.size, 0);
  assert.deepEqual([...tree.match('#')], []);
});
