import type { Deadlines } from '../../std/deadlines.ts';
import type { Entry } from './entry.ts';
import type { Slot } from './slot.ts';
import type { TurnBudget } from './turn-budget.ts';
import type { Wake } from './wake.ts';

/** Messages of all queues that go back in the turn in which their consumers leave, each in about 5 µs; more follow in steps. */
export const returnedPerTurnMax = 1_000;

interface LeaversParts {
  readonly wakes: Deadlines<Wake>;
  /** What may still go back in this turn of the event loop, whichever queue it is of. */
  readonly atOnce: TurnBudget;
  readonly now: () => number;
  readonly release: (entry: Entry) => void;
  /** All that was held is back. */
  readonly done: () => void;
}

/**
 * Those who have left and still hold something. A few messages go back in the turn in which their consumer leaves; of many
 * the others follow one at each wake, so that the heap of what is due spreads them over turns. Until its turn comes a
 * message is leased as before: who left can still settle it, and nobody else gets it.
 */
export class Leavers implements Wake {
  readonly #parts: LeaversParts;
  readonly #slots = new Set<Slot<Entry>>();
  /** Whether there is anybody: asked for each message. */
  areThere = false;
  deadline = 0;
  heapIndex = -1;

  constructor(parts: LeaversParts) {
    this.#parts = parts;
  }

  get slots(): ReadonlySet<Slot<Entry>> {
    return this.#slots;
  }

  /** Takes back what the slot holds, which must have left its dispatcher. */
  add(slot: Slot<Entry>): void {
    const { atOnce, release, wakes, now, done } = this.#parts;
    this.#slots.add(slot);
    this.areThere = true;
    for (let entry = slot.any; entry !== undefined && atOnce.take(); entry = slot.any) release(entry);
    this.#forgetEmpty(slot);
    if (this.#slots.size === 0) done();
    else if (this.heapIndex < 0) wakes.set(this, now());
  }

  wake(now: number): void {
    const { release, wakes, done } = this.#parts;
    const [slot] = this.#slots;
    const entry = slot.any;
    if (entry !== undefined) release(entry);
    this.#forgetEmpty(slot);
    if (this.#slots.size === 0) done();
    else wakes.set(this, now);
  }

  /** Whoever calls it has taken back everything. */
  stop(): void {
    this.#parts.wakes.remove(this);
    this.#slots.clear();
    this.areThere = false;
  }

  #forgetEmpty(slot: Slot<Entry>): void {
    if (slot.any === undefined) this.#slots.delete(slot);
    this.areThere = this.#slots.size > 0;
  }
}
