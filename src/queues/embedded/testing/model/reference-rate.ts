/** For tests: so many messages a second and as many at once, in whole thousandths of a message. */
export class ReferenceRate {
  readonly perSecond: number;
  #level: number;
  #at: number;

  constructor(perSecond: number, now: number) {
    this.perSecond = perSecond;
    this.#level = perSecond * 1_000;
    this.#at = now;
  }

  has(now: number): boolean {
    this.#level = Math.min(this.perSecond * 1_000, this.#level + (now - this.#at) * this.perSecond);
    this.#at = now;
    return this.#level >= 1_000;
  }

  /** False where there was none. */
  take(now: number): boolean {
    if (!this.has(now)) return false;
    this.#level -= 1_000;
    return true;
  }
}
