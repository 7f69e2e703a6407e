import { cutMark, isCut, levelBytes, levelEnd, wholeKeyBytesMax } from './retained-key.ts';

/** What a filter says of a key, and where to look next. */
export interface Verdict {
  /** `perhaps`: the key is cut before the level on which it depends, so the topic must be asked. */
  readonly matches: 'yes' | 'no' | 'perhaps';
  /** No key in between can match. Absent where the key that follows can. */
  readonly seek: Buffer | undefined;
}

/** Keys of retained messages from `first` up to but not with `end`, and which of them are meant. */
export interface KeySelection {
  readonly first: Buffer;
  readonly end: Buffer;
  /** Whether all in between, or nearly all, are meant, so that their values are read along. */
  readonly isRange: boolean;
  examine(key: Buffer): Verdict;
}

/**
 * A topic filter over keys of retained messages. Beside whether a key matches it tells the smallest key behind it that
 * can, so that "+/status" goes from device to device and not through everything that a device has.
 */
export class RetainedFilter implements KeySelection {
  readonly first: Buffer;
  readonly end: Buffer;
  readonly isRange: boolean;
  readonly #levels: readonly (Buffer | typeof anyLevel | typeof anyLevels)[];

  constructor(filter: string) {
    const levels = filter.split('/').map((level) => wildcards.get(level) ?? levelBytes(level));
    this.#levels = levels;
    const wildcardAt = levels.findIndex((level) => !Buffer.isBuffer(level));
    const literal = levelBytes(filter.split('/').slice(0, wildcardAt).join('/'));
    this.isRange = levels[wildcardAt] === anyLevels;
    this.first = this.#least(lowestKey, 0);
    this.end = wildcardAt === 0 ? highestKey : behindSubtree(literal);
  }

  examine(key: Buffer): Verdict {
    const cut = isCut(key);
    const keyEnd = cut ? wholeKeyBytesMax : key.length;
    /** Where the last level ends that a '+' took: behind what lies below it is the next chance. */
    let anyEnd = -1;
    let start = 0;
    for (let i = 0; i < this.#levels.length; i++) {
      const level = this.#levels[i];
      // Wildcards at the first level leave out topics that begin with '$' [MQTT-4.7.2-1].
      if (i === 0 && key[0] === dollar && !Buffer.isBuffer(level)) return { matches: 'no', seek: behindDollar };
      if (level === anyLevels) return found;
      const levelStop = key.indexOf(levelEnd, start);
      const end = levelStop < 0 || levelStop > keyEnd ? keyEnd : levelStop;
      if (end === keyEnd && cut) return undecided;
      if (level === anyLevel) anyEnd = end;
      else {
        const order = key.compare(level, 0, level.length, start, end);
        if (order < 0) return { matches: 'no', seek: this.#least(key.subarray(0, start), i) };
        if (order > 0) return { matches: 'no', seek: this.#behind(key, anyEnd) };
      }
      if (end === keyEnd) return this.#ended(key, i + 1, anyEnd);
      start = end + 1;
    }
    // The key goes on where the filter has ended.
    return { matches: 'no', seek: this.#behind(key, anyEnd) };
  }

  /** The key has ended, with the filter's levels from `next` on left. */
  #ended(key: Buffer, next: number, anyEnd: number): Verdict {
    if (next === this.#levels.length) return { matches: 'yes', seek: this.#behind(key, anyEnd) };
    if (this.#levels[next] === anyLevels) return found; // "a/#" matches "a" [MQTT-4.7.1-2]
    return { matches: 'no', seek: this.#least(Buffer.concat([key, separator]), next) };
  }

  #behind(key: Buffer, anyEnd: number): Buffer {
    return anyEnd < 0 ? this.end : Buffer.concat([key.subarray(0, anyEnd), behindLevel]);
  }

  /** The smallest key that begins with `before` and matches from level `from` on. */
  #least(before: Buffer, from: number): Buffer {
    const parts = [before];
    for (let i = from; i < this.#levels.length; i++) {
      const level = this.#levels[i];
      if (level === anyLevels) break;
      if (i > from) parts.push(separator);
      if (level !== anyLevel) parts.push(level);
    }
    const key = Buffer.concat(parts);
    // What matches and is longer is cut.
    return isCut(key) ? Buffer.concat([key.subarray(0, wholeKeyBytesMax), cutMark]) : key;
  }
}

const anyLevel: unique symbol = Symbol('+');
const anyLevels: unique symbol = Symbol('#');
const wildcards = new Map<string, typeof anyLevel | typeof anyLevels>([
  ['+', anyLevel],
  ['#', anyLevels],
]);

const dollar = 0x24;
const found: Verdict = { matches: 'yes', seek: undefined };
const undecided: Verdict = { matches: 'perhaps', seek: undefined };
const separator = Buffer.from([levelEnd]);
/** Behind a level: above the separator, below every other byte that could continue it. */
const behindLevel = Buffer.from([levelEnd + 1]);
const behindDollar = Buffer.from([dollar + 1]);
const lowestKey = Buffer.alloc(0);
const highestKey = Buffer.from([0xff]);

/** Above the topic and all below it. Those whose keys were cut before it ends lie among others that share what is left. */
function behindSubtree(literal: Buffer): Buffer {
  if (literal.length < wholeKeyBytesMax) return Buffer.concat([literal, behindLevel]);
  return Buffer.concat([literal.subarray(0, wholeKeyBytesMax), Buffer.alloc(34, 0xff)]);
}

/** Every retained message, those under '$' too. */
export const everyRetained: KeySelection = { first: lowestKey, end: highestKey, isRange: true, examine: () => found };
