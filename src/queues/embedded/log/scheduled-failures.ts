import type { Waiting } from '../waiting.ts';

/**
 * How many of the failures that a group has not come to again wait for their time. They are counted when one of them is gone
 * or due, and not each time that somebody asks.
 */
export class ScheduledFailures {
  readonly #failures: ReadonlyMap<number, Waiting>;
  #count = 0;
  /** For how many failures the count is, from which sequence on, and from when until when. */
  #size = 0;
  #first = 0;
  #from = 0;
  #until = Number.POSITIVE_INFINITY;

  /** Of a map in which nothing is set any more. */
  constructor(failures: ReadonlyMap<number, Waiting>) {
    this.#failures = failures;
  }

  /** Of messages from that sequence on. */
  count(now: number, first: number): number {
    const { size } = this.#failures;
    const isSame = size === this.#size && first === this.#first;
    if (!isSame || now < this.#from || now >= this.#until) this.#countAnew(size, first, now);
    return this.#count;
  }

  #countAnew(size: number, first: number, now: number): void {
    this.#count = 0;
    this.#size = size;
    this.#first = first;
    this.#from = now;
    this.#until = Number.POSITIVE_INFINITY;
    for (const [sequence, { availableAt }] of this.#failures) {
      if (sequence < first || availableAt <= now) continue;
      this.#count++;
      this.#until = Math.min(this.#until, availableAt);
    }
  }
}
