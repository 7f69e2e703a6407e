/** What a timer may be late and still be caught up with. Beyond it time that passed unused is lost, so that nothing bursts. */
const lateMsMax = 100;

/** Spreads messages over time: at most `rate` a second, evenly. */
export class MovePace {
  readonly #intervalMs: number;
  /** When the next message may go. */
  #next: number;

  /** Without a rate there is no waiting. */
  constructor(rate: number | undefined, now: number) {
    this.#intervalMs = rate === undefined ? 0 : 1_000 / rate;
    this.#next = now;
  }

  waitMs(now: number): number {
    return this.#intervalMs === 0 ? 0 : Math.max(0, Math.ceil(this.#next - now));
  }

  passed(now: number): void {
    this.#next = Math.max(this.#next, now - lateMsMax) + this.#intervalMs;
  }
}
