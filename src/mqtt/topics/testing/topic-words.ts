import type { Random } from '../../../std/testing/random.ts';

const levelsUsual = 4;
const levelsDeep = 128;
/** Empty, short, longer than what V8 copies out of a string, in many scripts, and what begins as a system topic does. */
const words = ['', 'a', 'b', 'a b', 'name-longer-than-a-slice', 'ä', '漢字', '😀', '$s', '$SYS', '-', '\u{10ffff}'];

/** For tests: topics and filters of few words, so that they meet. */
export class TopicWords {
  readonly #random: Random;
  readonly #words: readonly string[];

  /** `names` are how many words more a level may take, as devices have names. */
  constructor(random: Random, names: number) {
    this.#random = random;
    this.#words = [
      ...words.slice(0, random.between(2, words.length)),
      ...Array.from({ length: names }, (_, n) => `n${n}`),
    ];
  }

  topic(): string {
    return this.#levels(() => this.#word());
  }

  /** A valid plain filter; about half have wildcards. */
  filter(): string {
    const wildcards = this.#random.chance(60);
    const levels = this.#levels(() => (wildcards && this.#random.chance(30) ? '+' : this.#word()));
    if (!wildcards || this.#random.chance(60)) return levels;
    if (this.#random.chance(10)) return '#';
    return `${levels}/#`;
  }

  #levels(level: () => string): string {
    const most = this.#random.chance(1) ? levelsDeep - 1 : levelsUsual;
    // One empty level is no topic, two are "/".
    return this.#random.list(1, most, level).join('/') || '/';
  }

  #word(): string {
    return this.#random.pick(this.#words);
  }
}
