import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forSeeds } from '../std/testing/seed.ts';
import { PackedKeys } from './packed-keys.ts';

test('keys of any length come back as they were when they were given', () => {
  forSeeds(20, (random) => {
    const keys = new PackedKeys();
    const reused = Buffer.alloc(1_978);
    const given = Array.from({ length: 200 }, () => {
      const key = reused.subarray(0, random.chance(90) ? random.between(1, 20) : random.between(1, reused.length));
      key.fill(random.below(256));
      keys.push(key);
      return key.toString('hex');
    });
    for (const [number, key] of given.entries()) assert.equal(keys.view(number).toString('hex'), key);
  });
});
