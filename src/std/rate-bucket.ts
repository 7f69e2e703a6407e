/**
 * A token bucket: it fills at `perSecond` and holds one second of it, so that what came together may pass together.
 * It may go into debt, for what has arrived before anybody could say no.
 */
export class RateBucket {
  readonly #perSecond: number;
  readonly #levelMax: number;
  /** In thousandths, so that a whole rate fills it in whole numbers: a token is there in the very millisecond of its turn. */
  #level: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#levelMax = Math.max(1, perSecond) * one;
    this.#level = this.#levelMax;
    this.#at = now;
  }

  /** Takes one where there is one. */
  take(now: number): boolean {
    this.#fill(now);
    if (this.#level < one) return false;
    this.#level -= one;
    return true;
  }

  /** Whether there is one. */
  has(now: number): boolean {
    this.#fill(now);
    return this.#level >= one;
  }

  /** Milliseconds until there is one; 0 where there is. */
  waitMs(now: number): number {
    this.#fill(now);
    return this.#level >= one ? 0 : Math.ceil((one - this.#level) / this.#perSecond);
  }

  /** Takes so many whether they are there or not; answers for how many milliseconds the bucket is in debt. */
  charge(amount: number, now: number): number {
    this.#fill(now);
    this.#level -= amount * one;
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#perSecond);
  }

  #fill(now: number): void {
    // The clock may be set back.
    const elapsed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#level = Math.min(this.#levelMax, this.#level + elapsed * this.#perSecond);
  }
}

const one = 1_000;
