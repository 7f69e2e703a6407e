import { Deque } from '../../std/deque.ts';
import type { Entry } from './entry.ts';
import { State } from './transitions.ts';

/**
 * The ready messages of a queue that are in memory, in sequence order: those that arrive in order in a ring, those that
 * come back in a heap beside it. An entry that was removed elsewhere is skipped when its turn comes.
 */
export class ReadyList {
  readonly #arrived = new Deque<Entry>();
  readonly #returned: Entry[] = [];
  #forgotten = 0;

  get size(): number {
    return this.#arrived.size + this.#returned.length - this.#forgotten;
  }

  /** Behind all others: its sequence must be the highest so far. */
  push(entry: Entry): void {
    this.#arrived.push(entry);
  }

  /** To its place by sequence. */
  putBack(entry: Entry): void {
    const heap = this.#returned;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent].sequence <= entry.sequence) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = entry;
  }

  peek(): Entry | undefined {
    this.#skipForgotten();
    return this.#first();
  }

  shift(): Entry | undefined {
    this.#skipForgotten();
    return this.#takeFirst();
  }

  /** Says that an entry in here is not ready any more. */
  forget(): void {
    this.#forgotten++;
    if (this.size === 0) this.clear();
    else if (this.#forgotten > forgottenKept && this.#forgotten > this.size) this.#compact();
  }

  clear(): void {
    this.#arrived.clear();
    this.#returned.length = 0;
    this.#forgotten = 0;
  }

  /** All that are ready, in no order. */
  *[Symbol.iterator](): Iterator<Entry> {
    for (const entry of this.#arrived) if (isReady(entry)) yield entry;
    for (const entry of this.#returned) if (isReady(entry)) yield entry;
  }

  #compact(): void {
    const arrived = [...this.#arrived].filter(isReady);
    const returned = this.#returned.filter(isReady);
    this.clear();
    for (const entry of arrived) this.#arrived.push(entry);
    for (const entry of returned) this.putBack(entry);
  }

  #first(): Entry | undefined {
    const arrived = this.#arrived.peek();
    const returned = this.#returned[0];
    if (returned === undefined) return arrived;
    return arrived === undefined || returned.sequence < arrived.sequence ? returned : arrived;
  }

  #takeFirst(): Entry | undefined {
    const first = this.#first();
    if (first === undefined) return undefined;
    return first === this.#returned[0] ? this.#shiftReturned() : this.#arrived.shift();
  }

  #skipForgotten(): void {
    while (this.#forgotten > 0 && this.#first()?.state !== State.ready) {
      this.#takeFirst();
      this.#forgotten--;
    }
  }

  #shiftReturned(): Entry {
    const heap = this.#returned;
    const first = heap[0];
    const last = heap.pop() as Entry;
    if (heap.length === 0) return first;
    let index = 0;
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && heap[child + 1].sequence < heap[child].sequence) child++;
      if (heap[child].sequence >= last.sequence) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

/** Removed entries that may stay in the list, as long as they are the smaller part of it. */
const forgottenKept = 1_024;

function isReady(entry: Entry): boolean {
  return entry.state === State.ready;
}
