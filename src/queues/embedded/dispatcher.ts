import assert from 'node:assert/strict';
import type { Dispatch } from '../options.ts';
import type { Entry } from './entry.ts';
import type { Slot as SlotOf } from './slot.ts';

type Slot = SlotOf<Entry>;
type Before = (a: Slot, b: Slot) => boolean;

/** Who goes first. Ties of `least_inflight` go to the one that was served longest ago, so that idle consumers take turns. */
const orders = {
  least_inflight: (a: Slot, b: Slot): boolean =>
    a.inflight < b.inflight || (a.inflight === b.inflight && a.served < b.served),
  round_robin: (a: Slot, b: Slot): boolean => a.served < b.served,
};

function orderOf(dispatch: Dispatch): Before {
  assert(dispatch in orders, `Expected a dispatch that is known, met "${dispatch}"`);
  return orders[dispatch as keyof typeof orders];
}

/** The consumers of a queue that have credit left, in a heap by the dispatch rule: O(log consumers) a message. */
export class Dispatcher {
  readonly #slots = new Set<Slot>();
  readonly #heap: Slot[] = [];
  #before: Before;
  #served = 0;

  constructor(dispatch: Dispatch) {
    this.#before = orderOf(dispatch);
  }

  /** All slots, also those without credit. */
  get slots(): ReadonlySet<Slot> {
    return this.#slots;
  }

  get hasAvailable(): boolean {
    return this.#heap.length > 0;
  }

  use(dispatch: Dispatch): void {
    this.#before = orderOf(dispatch);
    for (const slot of this.#heap) slot.heapIndex = -1;
    this.#heap.length = 0;
    for (const slot of this.#slots) this.changed(slot);
  }

  add(slot: Slot): void {
    this.#slots.add(slot);
    // A newcomer is behind those that wait already.
    slot.served = ++this.#served;
    this.changed(slot);
  }

  remove(slot: Slot): void {
    this.#slots.delete(slot);
    this.#leave(slot);
  }

  /** The slot to serve next, marked as served: the caller leases to it and says `changed`. */
  next(): Slot | undefined {
    const slot = this.#heap[0];
    if (slot !== undefined) slot.served = ++this.#served;
    return slot;
  }

  /** Must be called after every change of a slot's inflight, limit or served. */
  changed(slot: Slot): void {
    if (!slot.available || !this.#slots.has(slot)) {
      this.#leave(slot);
      return;
    }
    if (slot.heapIndex < 0) {
      slot.heapIndex = this.#heap.length;
      this.#heap.push(slot);
    }
    this.#down(this.#up(slot.heapIndex));
  }

  #leave(slot: Slot): void {
    const index = slot.heapIndex;
    if (index < 0) return;
    slot.heapIndex = -1;
    const last = this.#heap.pop() as Slot;
    if (last === slot) return;
    this.#place(last, index);
    this.#down(this.#up(index));
  }

  #place(slot: Slot, index: number): void {
    this.#heap[index] = slot;
    slot.heapIndex = index;
  }

  #up(start: number): number {
    const slot = this.#heap[start];
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(slot, this.#heap[parent])) break;
      this.#place(this.#heap[parent], index);
      index = parent;
    }
    this.#place(slot, index);
    return index;
  }

  #down(start: number): void {
    const heap = this.#heap;
    const slot = heap[start];
    let index = start;
    for (let child = 2 * index + 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && this.#before(heap[child + 1], heap[child])) child++;
      if (!this.#before(heap[child], slot)) break;
      this.#place(heap[child], index);
      index = child;
    }
    this.#place(slot, index);
  }
}
