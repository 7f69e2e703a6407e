import type { Clock } from '../../../std/clock.ts';

const sliceMs = 10_000;
const slices = 6;

/** How many messages a minute are settled: counts of the last six slices of ten seconds. */
export class SettlePace {
  readonly #clock: Clock;
  readonly #counts = new Array<number>(slices).fill(0);
  #slice: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#slice = this.#now();
  }

  settled(): void {
    this.#advance();
    this.#counts[this.#slice % slices]++;
  }

  /** Milliseconds that so many take at the pace of the last minute; undefined where nothing was settled in it. */
  timeFor(messages: number): number | undefined {
    if (messages === 0) return 0;
    this.#advance();
    const settled = this.#counts.reduce((sum, count) => sum + count, 0);
    return settled === 0 ? undefined : Math.ceil((messages * slices * sliceMs) / settled);
  }

  #advance(): void {
    const now = this.#now();
    for (let passed = Math.min(now - this.#slice, slices); passed > 0; passed--) {
      this.#counts[(now - passed + 1 + slices) % slices] = 0;
    }
    this.#slice = now;
  }

  #now(): number {
    return Math.floor(this.#clock.now() / sliceMs);
  }
}
