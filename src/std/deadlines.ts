import { type Clock, systemClock, type Timer } from './clock.ts';
import { StepTime } from './step-time.ts';

/** Something with a deadline. The heap owns `heapIndex`: -1 while the item is not in a heap. */
export interface Deadline {
  deadline: number;
  heapIndex: number;
}

/**
 * A binary heap of deadlines behind one timer. Adding, moving and removing cost O(log n) and allocate nothing.
 * `expire` is called once for each item whose deadline has passed; the item has then left the heap. Where many are due at once
 * it is called in steps of a few milliseconds, in the order of the deadlines, and others run between two of them.
 */
export class Deadlines<T extends Deadline> {
  readonly #heap: T[] = [];
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
    return this.#heap.length;
  }

  /** Adds the item, or moves it when it is already here. */
  set(item: T, deadline: number): void {
    item.deadline = deadline;
    if (item.heapIndex < 0) {
      item.heapIndex = this.#heap.length;
      this.#heap.push(item);
    }
    this.#down(this.#up(item.heapIndex));
    this.#arm();
  }

  remove(item: T): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#heap.pop() as T;
    if (last !== item) {
      this.#place(last, index);
      this.#down(this.#up(index));
    }
  }

  /** Stops the timer and forgets every item. */
  clear(): void {
    for (const item of this.#heap) item.heapIndex = -1;
    this.#heap.length = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    this.#step.begin();
    while (this.#heap.length > 0 && this.#heap[0].deadline <= now) {
      const item = this.#heap[0];
      this.remove(item);
      this.#expire(item, now);
      if (this.#step.isOver) break;
    }
    this.#arm();
  }

  #arm(): void {
    if (this.#heap.length === 0) return;
    const at = this.#heap[0].deadline;
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(at - this.#clock.now(), () => this.#fire());
  }

  #place(item: T, index: number): void {
    this.#heap[index] = item;
    item.heapIndex = index;
  }

  #up(start: number): number {
    const item = this.#heap[start];
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#heap[parent].deadline <= item.deadline) break;
      this.#place(this.#heap[parent], index);
      index = parent;
    }
    this.#place(item, index);
    return index;
  }

  #down(start: number): void {
    const heap = this.#heap;
    const item = heap[start];
    let index = start;
    for (let child = 2 * index + 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && heap[child + 1].deadline < heap[child].deadline) child++;
      if (heap[child].deadline >= item.deadline) break;
      this.#place(heap[child], index);
      index = child;
    }
    this.#place(item, index);
  }
}
