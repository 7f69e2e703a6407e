import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchemaNumbers } from './schema-numbers.ts';

test('long schema sets are numbered anew before their text fills the memory, and equal ones share a number', () => {
  const numbers = new SchemaNumbers();
  const set = (n: number) => ({ telemetry: { title: `${n}`, description: 'x'.repeat(5 * 1024 * 1024) } });
  const first = set(0);
  const given = [first, set(1), set(2), set(2)].map((each) => numbers.numberOf(each));
  assert.deepEqual([given, numbers.epoch], [[0, 1, 2, 2], 0]);
  assert.deepEqual([numbers.numberOf(set(3)), numbers.epoch], [0, 1]);
  assert.equal(numbers.textOf(numbers.numberOf(first)), JSON.stringify(first), 'it has another number by now');
});
