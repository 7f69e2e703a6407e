/** How long a step of long work takes, in milliseconds, before others get their turn: a few packets wait no longer than that anyway. */
export const stepMsMax = 5;

/** Cuts long work into steps by the time that they take. Reading the clock costs a few dozen nanoseconds, so it can be asked at each item. */
export class StepTime {
  readonly #monotonicMs: () => number;
  #endsAt = 0;

  constructor(monotonicMs: () => number = monotonic) {
    this.#monotonicMs = monotonicMs;
  }

  begin(): void {
    this.#endsAt = this.#monotonicMs() + stepMsMax;
  }

  get isOver(): boolean {
    return this.#monotonicMs() >= this.#endsAt;
  }
}

export function monotonic(): number {
  return performance.now();
}
