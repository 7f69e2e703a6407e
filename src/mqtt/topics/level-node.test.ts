import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LevelNode } from './level-node.ts';

for (const count of [1, 2, 6, 7, 40]) {
  test(`of ${count} children each is found, and taken out in any order until the node is empty`, () => {
    const node = new LevelNode<number>('');
    const levels = Array.from({ length: count }, (_, n) => `level ${n}`);
    const children = levels.map((level) => node.ensureChild(level));
    for (const [n, level] of levels.entries()) {
      assert.equal(node.child(level), children[n]);
      assert.equal(node.ensureChild(level), children[n]);
    }
    const order = [...children.keys()].sort((a, b) => ((a * 7) % count) - ((b * 7) % count));
    for (const n of order) {
      assert.equal(node.empty, false);
      node.removeChild(children[n]);
      assert.equal(node.child(levels[n]), undefined);
    }
    assert.equal(node.empty, true);
    assert.equal(node.children, undefined);
  });
}
