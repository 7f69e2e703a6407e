import type { Waiting } from '../waiting.ts';

/**
 * How many of the failures that a group has not come to again wait for their time. They are counted when one of them is gone
 * or due, and not each time that somebody asks.
 */
export class ScheduledFailures {
  readonly #failures: ReadonlyMap<number, Waiting>;
  #count = 0;
  /** For how many failures the count is, and from when until when. */
  #size = 0;
  #from = 0;
  #until = Number.POSITIVE_INFINITY;

  /** Of a map in which nothing is set any more. */
  constructor(failures: ReadonlyMap<number, Waiting>) {
    this.#failures = failures;
  }

  count(now: number): number {
    const { size } = this.#failures;
    if (size !== this.#size || now < this.#from || now >= this.#until) this.#countAnew(size, now);
    return this.#count;
  }

  #countAnew(size: number, now: number): void {
    this.#count = 0;
    this.#size = size;
    this.#from = now;
    this.#until = Number.POSITIVE_INFINITY;
    for (const { availableAt } of this.#failures.values()) {
      if (availableAt <= now) continue;
      this.#count++;
      this.#until = Math.min(this.#until, availableAt);
    }
  }
}
