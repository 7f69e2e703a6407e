import assert from 'node:assert/strict';
import type { Random } from '../../../std/testing/random.ts';
import { FilterIndex } from '../filter-index.ts';
import { filterMatches } from '../match.ts';
import { TopicWords } from './topic-words.ts';

interface Pair {
  readonly filter: string;
  readonly levels: readonly string[];
  readonly value: number;
}

/** For tests: one run of random operations on a filter index beside a list of what was added. */
export class IndexRun {
  readonly #random: Random;
  readonly #words: TopicWords;
  readonly #index = new FilterIndex<number>();
  readonly #list = new Map<string, Pair>();
  /** Matches that found something; a run in which nothing meets shows nothing. */
  #found = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#words = new TopicWords(random, random.pick([0, 3, 20]));
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      // The tide turns, so that the index is emptied and filled again.
      const adding = step % 300 < 150;
      const kind = this.#random.below(10);
      if (kind < 3) this.#match();
      else if (kind < 8 === adding) this.#add();
      else this.#remove();
      assert.equal(this.#index.size, this.#list.size);
    }
    for (const { filter, value } of this.#list.values()) assert.equal(this.#index.remove(filter, value), true, filter);
    assert.equal(this.#index.size, 0);
    assert.ok(this.#found > 0, 'nothing was found by any match');
  }

  #add(): void {
    const filter = this.#words.filter();
    const value = this.#random.below(3);
    const key = `${value} ${filter}`;
    assert.equal(this.#index.add(filter, value), !this.#list.has(key), `adding "${filter}"`);
    this.#list.set(key, { filter, levels: filter.split('/'), value });
  }

  /** Mostly what is there. */
  #remove(): void {
    const there = this.#random.chance(80) ? this.#anyPair() : undefined;
    const filter = there?.filter ?? this.#words.filter();
    const value = there?.value ?? this.#random.below(3);
    assert.equal(this.#index.remove(filter, value), this.#list.delete(`${value} ${filter}`), `removing "${filter}"`);
  }

  #anyPair(): Pair | undefined {
    let skip = this.#random.below(this.#list.size + 1);
    for (const pair of this.#list.values()) if (skip-- === 0) return pair;
    return undefined;
  }

  #match(): void {
    const topic = this.#words.topic();
    const levels = topic.split('/');
    const expected: number[] = [];
    for (const pair of this.#list.values()) {
      const matching = naivelyMatches(pair.levels, levels);
      assert.equal(filterMatches(pair.filter, topic), matching, `"${pair.filter}" and "${topic}"`);
      if (matching) expected.push(pair.value);
    }
    const found: number[] = [];
    this.#index.match(topic, found);
    assert.deepEqual(found.sort(), expected.sort(), `topic "${topic}"`);
    if (found.length > 0) this.#found++;
  }
}

/** Section 4.7 as it reads, level by level. */
function naivelyMatches(filter: readonly string[], topic: readonly string[]): boolean {
  if (topic[0].startsWith('$') && (filter[0] === '+' || filter[0] === '#')) return false; // [MQTT-4.7.2-1]
  for (const [depth, level] of filter.entries()) {
    if (level === '#') return true; // the parent too [MQTT-4.7.1-2]
    if (depth >= topic.length || (level !== '+' && level !== topic[depth])) return false;
  }
  return filter.length === topic.length;
}
