import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deque } from './deque.ts';

test('it keeps order at both ends over growth and wrap-around, as an array would', () => {
  const deque = new Deque<number>();
  const model: number[] = [];
  for (let i = 0; i < 10_000; i++) {
    const action = (i * 7919) % 10;
    if (action < 4) {
      deque.push(i);
      model.push(i);
    } else if (action < 6) {
      deque.unshift(i);
      model.unshift(i);
    } else {
      assert.equal(deque.peek(), model[0]);
      assert.equal(deque.shift(), model.shift());
    }
    assert.equal(deque.size, model.length);
    const at = (i * 31) % (model.length + 2);
    assert.equal(deque.at(at), model[at]);
  }
  assert.equal(deque.at(-1), undefined);
  assert.deepEqual([...deque], model);
});

test('an empty one answers undefined, and can be cleared and used again', () => {
  const deque = new Deque<string>();
  assert.equal(deque.shift(), undefined);
  assert.equal(deque.peek(), undefined);
  deque.push('a');
  deque.clear();
  assert.equal(deque.size, 0);
  deque.unshift('b');
  assert.equal(deque.shift(), 'b');
});

test('a small one that empties and fills again and again keeps order', () => {
  const deque = new Deque<number>();
  const model: number[] = [];
  for (let i = 0; i < 10_000; i++) {
    const action = (i * 7919) % 10;
    if (action < 4 && model.length < 3) {
      deque.push(i);
      model.push(i);
    } else if (action < 5 && model.length < 3) {
      deque.unshift(i);
      model.unshift(i);
    } else {
      assert.equal(deque.shift(), model.shift());
    }
    assert.deepEqual([deque.size, deque.peek(), ...deque], [model.length, model[0], ...model]);
  }
});
