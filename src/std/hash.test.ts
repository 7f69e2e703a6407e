import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash48Of, hashOf, mixed, ownerOf } from './hash.ts';

test('hashes of many keys do not meet, and are where they are said to be', () => {
  const seen = new Set<number>();
  for (let i = 0; i < 200_000; i++) {
    const hash = hash48Of(`device-${i}`);
    assert.ok(Number.isSafeInteger(hash) && hash >= 1 && hash < 2 ** 48);
    seen.add(hash);
  }
  assert.equal(seen.size, 200_000);
  assert.ok(hash48Of('') >= 1);
});

test('who leaves moves only its own keys, and each has about its share', () => {
  const all = ['a', 'b', 'c', 'd'].map((name) => ({ name, hash: hashOf(name) }));
  const counts = new Map<string, number>();
  for (let i = 0; i < 4_000; i++) {
    const key = mixed(i);
    const owner = ownerOf(all, key, () => true);
    assert.ok(owner !== undefined);
    counts.set(owner.name, (counts.get(owner.name) ?? 0) + 1);
    const without = ownerOf(all, key, ({ name }) => name !== 'd');
    assert.equal(without === owner, owner.name !== 'd');
  }
  for (const count of counts.values()) assert.ok(count > 700 && count < 1_300, `${count} keys`);
  assert.equal(
    ownerOf(all, 1, () => false),
    undefined,
  );
});
