/**
 * A token bucket: it fills at `perSecond` and holds one second of it, so that what came together may pass together.
 * It may go into debt, for what has arrived before anybody could say no.
 */
export class RateBucket {
  readonly #perMs: number;
  readonly #levelMax: number;
  #level: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.#perMs = perSecond / 1000;
    this.#levelMax = Math.max(1, perSecond);
    this.#level = this.#levelMax;
    this.#at = now;
  }

  /** Takes one where there is one. */
  take(now: number): boolean {
    this.#fill(now);
    if (this.#level < 1) return false;
    this.#level--;
    return true;
  }

  /** Whether there is one. */
  has(now: number): boolean {
    this.#fill(now);
    return this.#level >= 1;
  }

  /** Milliseconds until there is one; 0 where there is. */
  waitMs(now: number): number {
    this.#fill(now);
    return this.#level >= 1 ? 0 : Math.ceil((1 - this.#level) / this.#perMs);
  }

  /** Takes so many whether they are there or not; answers for how many milliseconds the bucket is in debt. */
  charge(amount: number, now: number): number {
    this.#fill(now);
    this.#level -= amount;
    return this.#level >= 0 ? 0 : Math.ceil(-this.#level / this.#perMs);
  }

  #fill(now: number): void {
    // The clock may be set back.
    const elapsed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#level = Math.min(this.#levelMax, this.#level + elapsed * this.#perMs);
  }
}
