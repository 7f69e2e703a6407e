import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inSlices } from './in-slices.ts';

test('what is made of the items is in their order, and others have their turn between two slices', async () => {
  const seen: (number | string)[] = [];
  const made = inSlices([1, 2, 3, 4, 5], 2, async (item) => {
    seen.push(item);
    if (item % 2 === 0) setImmediate(() => seen.push('other'));
    return item * 10;
  });
  assert.deepEqual(await made, [10, 20, 30, 40, 50]);
  assert.deepEqual(seen, [1, 2, 'other', 3, 4, 'other', 5]);
});

test('what fails for one fails for all', async () => {
  const refused = inSlices([1, 2], 1, async (item) => {
    if (item === 2) throw new Error('no second');
  });
  await assert.rejects(refused, /no second/);
});
