/** For tests: numbers that look random and are the same for the same seed (mulberry32). `forSeeds` makes one and names its seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to but without 1. */
  readonly fraction = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };

  /** An integer from 0 up to but without `limit`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** An integer of the range, both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True in `percent` of a hundred calls. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** One of the values, as often as its weight says. */
  choose<T>(weighted: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.fraction() * weighted.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of weighted) {
      at -= weight;
      if (at < 0) return value;
    }
    return weighted[0][1];
  }

  list<T>(low: number, high: number, make: () => T): T[] {
    const list: T[] = [];
    for (let more = this.between(low, high); more > 0; more--) list.push(make());
    return list;
  }

  /** Up to so many bytes. */
  bytes(lengthMax: number): Buffer {
    return this.noise(this.between(0, lengthMax));
  }

  /** Exactly so many bytes. */
  noise(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) bytes[at] = this.below(256);
    return bytes;
  }
}
