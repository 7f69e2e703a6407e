import type { SluiceError } from '../../errors.ts';
import type { Deadline } from '../../std/deadline-heap.ts';
import type { Deadlines } from '../../std/deadlines.ts';
import type { TurnBudget } from './turn-budget.ts';

/** Consumers of all queues that are ended in the turn in which their queue is removed, each in some 10 µs; more follow in steps. */
export const endedPerTurnMax = 100;

/** One who takes messages, or waits for them. To end one that has ended does nothing. */
interface Ended {
  end(reason: SluiceError): void;
}

interface Wake extends Deadline {
  wake(now: number): void;
}

interface EndingsParts {
  readonly wakes: Deadlines<Wake>;
  /** Who may still be ended in this turn of the event loop, whatever it consumes. */
  readonly atOnce: TurnBudget;
  readonly now: () => number;
}

/** Those of one queue or group. */
interface Farewell {
  readonly consumers: readonly Ended[];
  readonly reason: SluiceError;
  next: number;
}

/**
 * The consumers of queues and groups that were removed. A few are ended in the turn of the removal; of many the others follow one
 * at each wake, so that the heap of what is due spreads them over turns. Until its turn comes one gets nothing and can settle
 * nothing, for what it consumes is gone.
 */
export class Endings implements Wake {
  readonly #parts: EndingsParts;
  readonly #farewells: Farewell[] = [];
  deadline = 0;
  heapIndex = -1;

  constructor(parts: EndingsParts) {
    this.#parts = parts;
  }

  add(consumers: readonly Ended[], reason: SluiceError): void {
    const { atOnce, wakes, now } = this.#parts;
    this.#farewells.push({ consumers, reason, next: 0 });
    while (this.#isAnyLeft && atOnce.take()) this.#endOne();
    if (this.#isAnyLeft && this.heapIndex < 0) wakes.set(this, now());
  }

  wake(now: number): void {
    this.#endOne();
    if (this.#isAnyLeft) this.#parts.wakes.set(this, now);
  }

  /** Ends all that are left: there is no later. */
  finish(): void {
    this.#parts.wakes.remove(this);
    while (this.#isAnyLeft) this.#endOne();
  }

  get #isAnyLeft(): boolean {
    for (let [first] = this.#farewells; first !== undefined; [first] = this.#farewells) {
      if (first.next < first.consumers.length) return true;
      this.#farewells.shift();
    }
    return false;
  }

  /** What it does in its turn may remove another queue. */
  #endOne(): void {
    if (!this.#isAnyLeft) return;
    const [{ consumers, reason }] = this.#farewells;
    consumers[this.#farewells[0].next++].end(reason);
  }
}
