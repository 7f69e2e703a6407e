import type { Deadline } from '../../std/deadline-heap.ts';
import type { Deadlines } from '../../std/deadlines.ts';
import type { TurnBudget } from './turn-budget.ts';

interface Wake extends Deadline {
  wake(now: number): void;
}

interface DismissalsParts {
  readonly wakes: Deadlines<Wake>;
  /** What may still be taken out in this turn of the event loop, whatever it is of. */
  readonly atOnce: TurnBudget;
  readonly now: () => number;
}

/** What waits of one queue or group. */
interface Crowd {
  left: number;
  /** Takes out the next one. */
  readonly dismiss: () => void;
}

/**
 * What waits for its time of queues and groups that were removed. A little is taken out of its heap in the turn of the removal; of much
 * the rest follows one at each wake, so that the heap of what is due spreads it over turns. Whose time comes before its turn is
 * nobody's: its queue or group, which is gone, does nothing with it.
 */
export class Dismissals implements Wake {
  readonly #parts: DismissalsParts;
  readonly #crowds: Crowd[] = [];
  deadline = 0;
  heapIndex = -1;

  constructor(parts: DismissalsParts) {
    this.#parts = parts;
  }

  /** The map or set is handed over, and does not change any more. */
  add<T extends Deadline>(
    heap: Pick<Deadlines<T>, 'remove'>,
    waiting: { readonly size: number; values(): Iterator<T> },
  ): void {
    const { atOnce, wakes, now } = this.#parts;
    const all = waiting.values();
    this.#crowds.push({ left: waiting.size, dismiss: () => heap.remove(all.next().value as T) });
    while (this.#isAnyLeft && atOnce.take()) this.#dismissOne();
    if (this.#isAnyLeft && this.heapIndex < 0) wakes.set(this, now());
  }

  wake(now: number): void {
    this.#dismissOne();
    if (this.#isAnyLeft) this.#parts.wakes.set(this, now);
  }

  /** The heaps are cleared with all that is left. */
  stop(): void {
    this.#parts.wakes.remove(this);
    this.#crowds.length = 0;
  }

  get #isAnyLeft(): boolean {
    while (this.#crowds.at(0)?.left === 0) this.#crowds.shift();
    return this.#crowds.length > 0;
  }

  #dismissOne(): void {
    const [first] = this.#crowds;
    first.left--;
    first.dismiss();
  }
}
