import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Random } from '../../std/testing/random.ts';
import { forSeeds } from '../../std/testing/seed.ts';
import { FilterIndex } from './filter-index.ts';
import { IndexRun } from './testing/index-run.ts';
import { TopicWords } from './testing/topic-words.ts';

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

test('a million random adds, removes and matches go as a list of the filters says', () => {
  forSeeds(1_000, (random) => new IndexRun(random).run(1_000));
});

test('an index that was emptied holds no memory of what it held', () => {
  forSeeds(1, (random) => {
    const words = new TopicWords(random, 300);
    const filters = [...new Set(random.list(100_000, 100_000, () => words.filter()))];
    const index = new FilterIndex<number>();
    const before = heapBytes();
    for (const filter of filters) index.add(filter, 1);
    const full = heapBytes() - before;
    for (const filter of shuffled(filters, random)) assert.equal(index.remove(filter, 1), true);
    const left = heapBytes() - before;
    assert.ok(left < full / 50, `${left} bytes are left of ${full}`);
    assert.equal(index.size, 0);
    assert.deepEqual(matches(index, 'a'), []);
  });
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

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const shuffled = [...values];
  for (let at = shuffled.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]];
  }
  return shuffled;
}

/** What is still reachable. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
