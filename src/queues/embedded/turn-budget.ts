/** Something that may be done so many times in one turn of the event loop, whoever does it. */
export class TurnBudget {
  readonly #max: number;
  #left: number;

  constructor(max: number) {
    this.#max = max;
    this.#left = max;
  }

  /** Counts one; false where it is one too many for this turn. */
  take(): boolean {
    if (this.#left === 0) return false;
    if (this.#left === this.#max) setImmediate(() => this.#renew());
    this.#left--;
    return true;
  }

  #renew(): void {
    this.#left = this.#max;
  }
}
