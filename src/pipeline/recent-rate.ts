export interface Rate {
  /** The mean of the seconds that are over. */
  readonly perSecond: number;
  /** The present one may be it before it is over. */
  readonly peakPerSecond: number;
}

/** How many came in each of the last `seconds` seconds. Counting is an addition and allocates nothing. */
export class RecentRate {
  readonly #counts: Uint32Array;
  #second = 0;

  constructor(seconds: number) {
    this.#counts = new Uint32Array(seconds);
  }

  count(now: number): void {
    this.#turnTo(Math.floor(now / 1000));
    this.#counts[this.#second % this.#counts.length]++;
  }

  read(now: number): Rate {
    const second = Math.floor(now / 1000);
    this.#turnTo(second);
    const over = this.#counts.filter((_, place) => place !== second % this.#counts.length);
    return {
      perSecond: over.reduce((sum, count) => sum + count, 0) / over.length,
      peakPerSecond: Math.max(...this.#counts),
    };
  }

  /** A clock that was set back goes on in the second that was reached. */
  #turnTo(second: number): void {
    if (second <= this.#second) return;
    const { length } = this.#counts;
    for (let next = Math.max(this.#second + 1, second - length + 1); next <= second; next++)
      this.#counts[next % length] = 0;
    this.#second = second;
  }
}
