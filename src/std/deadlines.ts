import { type Clock, systemClock, type Timer } from './clock.ts';
import { type Deadline, DeadlineHeap } from './deadline-heap.ts';
import { StepTime } from './step-time.ts';

/**
 * A heap of deadlines behind one timer. `expire` is called once for each item whose deadline has passed; the item has then
 * left the heap. Where many are due at once it is called in steps of a few milliseconds, in the order of the deadlines, and
 * others run between two of them.
 */
export class Deadlines<T extends Deadline> {
  readonly #heap = new DeadlineHeap<T>();
  readonly #clock: Clock;
  readonly #expire: (item: T, now: number) => void;
  readonly #step: StepTime;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(expire: (item: T, now: number) => void, clock: Clock = systemClock, monotonicMs?: () => number) {
    this.#expire = expire;
    this.#clock = clock;
    this.#step = new StepTime(monotonicMs);
  }

  get size(): number {
    return this.#heap.size;
  }

  /** Adds the item, or moves it when it is already here. */
  set(item: T, deadline: number): void {
    this.#heap.set(item, deadline);
    this.#arm();
  }

  remove(item: T): void {
    if (item.heapIndex >= 0) this.#heap.remove(item);
  }

  /** Stops the timer and forgets every item. */
  clear(): void {
    this.#heap.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    this.#step.begin();
    for (let item = this.#heap.first; item !== undefined && item.deadline <= now; item = this.#heap.first) {
      this.#heap.remove(item);
      this.#expire(item, now);
      if (this.#step.isOver) break;
    }
    this.#arm();
  }

  #arm(): void {
    const at = this.#heap.first?.deadline;
    if (at === undefined || at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(at - this.#clock.now(), () => this.#fire());
  }
}
