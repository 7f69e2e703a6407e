import type { Deadlines } from '../../../std/deadlines.ts';
import type { Waiting } from '../waiting.ts';
import type { Wake } from '../wake.ts';

/** A message that a group was at before and has to come back to. Its record stays on disk until then. */
export class Retry implements Wake {
  readonly sequence: number;
  /** Of the line it stands in; 0 where it stands in none. */
  readonly key: number;
  /** What went wrong so far; undefined where nothing did. */
  readonly waiting: Waiting | undefined;
  /** How often it was handed out, in this process. */
  readonly deliveries: number;
  readonly #due: (retry: Retry) => void;
  deadline = 0;
  heapIndex = -1;

  constructor(
    message: { sequence: number; key: number; waiting: Waiting | undefined; deliveries: number },
    due: (retry: Retry) => void,
  ) {
    this.sequence = message.sequence;
    this.key = message.key;
    this.waiting = message.waiting;
    this.deliveries = message.deliveries;
    this.#due = due;
  }

  wake(): void {
    this.#due(this);
  }
}

/** The messages that a group comes back to: those that can go, by sequence, and those that wait for their time. */
export class Retries {
  readonly #wakes: Deadlines<Wake>;
  /** Highest sequence first, so that the next one is at the end. */
  #ready: Retry[] = [];
  #waiting = new Set<Retry>();

  constructor(wakes: Deadlines<Wake>) {
    this.#wakes = wakes;
  }

  get size(): number {
    return this.#ready.length + this.#waiting.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Those that wait for their time, in no order. */
  get allWaiting(): Retry[] {
    return [...this.#waiting];
  }

  putBack(retry: Retry): void {
    let low = 0;
    let high = this.#ready.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ready[middle].sequence > retry.sequence) low = middle + 1;
      else high = middle;
    }
    this.#ready.splice(low, 0, retry);
  }

  /** Takes out the one with the lowest sequence that can go. */
  shift(): Retry | undefined {
    return this.#ready.pop();
  }

  /** Its `due` is called at `at`, when it has left. */
  wait(retry: Retry, at: number): void {
    this.#waiting.add(retry);
    this.#wakes.set(retry, at);
  }

  /** It waits no longer. */
  due(retry: Retry): void {
    this.#waiting.delete(retry);
  }

  /** Nobody comes back to it, if it still waits. */
  forget(retry: Retry): void {
    if (this.#waiting.delete(retry)) this.#wakes.remove(retry);
  }

  clear(): void {
    for (const retry of this.abandon()) this.#wakes.remove(retry);
  }

  /** Nobody comes back to any of them. Answers those that are still in the heap of what is due. */
  abandon(): ReadonlySet<Retry> {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    this.#ready = [];
    return waiting;
  }
}
