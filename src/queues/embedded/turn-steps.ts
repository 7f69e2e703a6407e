import type { Deadlines } from '../../std/deadlines.ts';
import type { TurnBudget } from './turn-budget.ts';
import type { Wake } from './wake.ts';

interface TurnStepsParts {
  readonly wakes: Deadlines<Wake>;
  /** What may still be done in this turn of the event loop, whoever asked for it. */
  readonly atOnce: TurnBudget;
  readonly now: () => number;
}

/** Steps of one kind. */
interface Series {
  left: number;
  /** May add steps itself. */
  readonly next: () => void;
}

/**
 * What has to be done many times over, such as once for each consumer of a queue that was removed, in the order in which it was asked
 * for. A little is done in the turn; of much the rest follows one at each wake, so that the heap of what is due spreads it over turns.
 */
export class TurnSteps implements Wake {
  readonly #parts: TurnStepsParts;
  readonly #series: Series[] = [];
  deadline = 0;
  heapIndex = -1;

  constructor(parts: TurnStepsParts) {
    this.#parts = parts;
  }

  /** `next` is called `count` times. */
  add(count: number, next: () => void): void {
    const { atOnce, wakes, now } = this.#parts;
    this.#series.push({ left: count, next });
    while (this.#isAnyLeft && atOnce.take()) this.#step();
    if (this.#isAnyLeft && this.heapIndex < 0) wakes.set(this, now());
  }

  wake(now: number): void {
    this.#step();
    if (this.#isAnyLeft) this.#parts.wakes.set(this, now);
  }

  /** Does all that is left: there is no later. */
  finish(): void {
    this.#parts.wakes.remove(this);
    while (this.#isAnyLeft) this.#step();
  }

  /** Leaves undone what is left. */
  drop(): void {
    this.#parts.wakes.remove(this);
    this.#series.length = 0;
  }

  get #isAnyLeft(): boolean {
    while (this.#series.at(0)?.left === 0) this.#series.shift();
    return this.#series.length > 0;
  }

  #step(): void {
    if (!this.#isAnyLeft) return;
    const [first] = this.#series;
    first.left--;
    first.next();
  }
}
