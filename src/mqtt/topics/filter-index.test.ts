import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilterIndex } from './filter-index.ts';
import { filterMatches } from './match.ts';

test('a topic finds exact, single-level and multi-level filters', () => {
  const index = indexOf(['a/b', 'a/+', 'a/#', '#', '+/b', 'a/b/#', 'a/c', 'a/b/+', 'b/#', '+']);
  assert.deepEqual(matches(index, 'a/b'), ['#', '+/b', 'a/#', 'a/+', 'a/b', 'a/b/#']);
});

test('wildcards in the first level do not match topics that begin with $ [MQTT-4.7.2-1]', () => {
  const index = indexOf(['#', '+/a', '+/#', '$SYS/#', '$SYS/+', '$SYS/a']);
  assert.deepEqual(matches(index, '$SYS/a'), ['$SYS/#', '$SYS/+', '$SYS/a']);
});

test('a value is appended once for each of its matching filters, behind what the array holds', () => {
  const index = new FilterIndex<string>();
  index.add('a/+', 'one');
  index.add('#', 'one');
  const into = ['kept'];
  index.match('a/b', into);
  assert.deepEqual(into, ['kept', 'one', 'one']);
});

test('adding a pair twice and removing what is not there are refused and change nothing', () => {
  const index = new FilterIndex<string>();
  for (const filter of ['a', 'a/+', 'a/#']) {
    assert.equal(index.add(filter, 'x'), true);
    assert.equal(index.add(filter, 'x'), false);
    assert.equal(index.add(filter, 'y'), true);
    assert.equal(index.remove(filter, 'z'), false);
  }
  assert.equal(index.remove('b/+', 'x'), false);
  assert.equal(index.remove('a/+/#', 'x'), false);
  assert.equal(index.size, 6);
});

test('a value that is a Set is one value', () => {
  const index = new FilterIndex<Set<number>>();
  const value = new Set([1, 2]);
  index.add('+', value);
  const into: Set<number>[] = [];
  index.match('a', into);
  assert.deepEqual(into, [value]);
  assert.equal(index.remove('+', value), true);
  assert.equal(index.size, 0);
});

test('random adds and removes leave the matches that a list of the same filters gives', () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));
  const random = generator(seed);
  const index = new FilterIndex<number>();
  let model: { filter: string; value: number }[] = [];
  for (let step = 0; step < 20_000; step++) {
    const filter = randomFilter(random);
    const value = random(3);
    const present = model.some((entry) => entry.filter === filter && entry.value === value);
    // The tide turns every 2,000 steps, so that the index is emptied and filled again.
    const adds = random(10) < (step % 4_000 < 2_000 ? 7 : 2);
    const told = `seed ${seed}, step ${step}, "${filter}"`;
    if (adds) {
      assert.equal(index.add(filter, value), !present, told);
      if (!present) model.push({ filter, value });
    } else {
      assert.equal(index.remove(filter, value), present, told);
      model = model.filter((entry) => entry.filter !== filter || entry.value !== value);
    }
    assert.equal(index.size, model.length, told);
    const topic = randomTopic(random);
    const expected = model.filter((entry) => filterMatches(entry.filter, topic)).map((entry) => entry.value);
    const found: number[] = [];
    index.match(topic, found);
    assert.deepEqual(found.sort(), expected.sort(), `${told}, topic "${topic}"`);
  }
});

test('an index that was emptied holds no memory of what it held', () => {
  const index = new FilterIndex<number>();
  const filters = Array.from({ length: 50 }, (_, n) => [`a/${n}/+`, `a/${n}/x/#`, `a/${n}`, `+/${n}/x/+/y`]).flat();
  for (const filter of filters) index.add(filter, 1);
  for (const filter of filters) assert.equal(index.remove(filter, 1), true);
  assert.equal(index.size, 0);
  assert.deepEqual(matches(index, 'a/1/x'), []);
});

function indexOf(filters: readonly string[]): FilterIndex<string> {
  const index = new FilterIndex<string>();
  for (const filter of filters) index.add(filter, filter);
  return index;
}

function matches<T extends NonNullable<unknown>>(index: FilterIndex<T>, topic: string): T[] {
  const into: T[] = [];
  index.match(topic, into);
  return into.sort();
}

// Few names and few levels, so that filters meet; twelve names in the second level, so that lists become maps.
function randomFilter(random: (below: number) => number): string {
  const levels = Array.from({ length: 1 + random(3) }, (_, depth) => {
    return random(3) === 0 ? '+' : randomLevel(random, depth);
  });
  if (random(4) === 0) levels[random(5) === 0 ? 0 : levels.length] = '#';
  const end = levels.indexOf('#');
  return (end < 0 ? levels : levels.slice(0, end + 1)).join('/') || '/';
}

function randomTopic(random: (below: number) => number): string {
  return Array.from({ length: 1 + random(4) }, (_, depth) => randomLevel(random, depth)).join('/') || '/';
}

function randomLevel(random: (below: number) => number, depth: number): string {
  return depth === 1 ? `name-longer-than-a-slice-${random(12)}` : ['a', '', '$s'][random(3)];
}

/** Whole numbers below a bound from a seed (xorshift). */
function generator(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
