import { ownerOf } from '../../std/hash.ts';
import type { Dispatch, QueueOptions } from '../options.ts';
import type { Entry } from './entry.ts';
import type { Slot as SlotOf } from './slot.ts';

type Slot = SlotOf<Entry>;
type Before = (a: Slot, b: Slot) => boolean;
type DispatchOptions = Pick<QueueOptions, 'dispatch' | 'singleActiveConsumer'>;

/** Ties go to the one that was served longest ago, so that idle consumers take turns. */
const leastInflight: Before = (a, b) => a.inflight < b.inflight || (a.inflight === b.inflight && a.served < b.served);

/** Who goes first. A message without a key belongs to nobody: `sticky` gives it to the one with the least. */
const orders: Record<Dispatch, Before> = {
  least_inflight: leastInflight,
  round_robin: (a, b) => a.served < b.served,
  random: () => false,
  sticky: leastInflight,
};

/**
 * The consumers of a queue that have credit left, in a heap by the dispatch rule: O(log consumers) a message. `sticky` looks
 * at all of them. Of a queue with a single active consumer they are one: the first that came, until it goes.
 */
export class Dispatcher {
  readonly #slots = new Set<Slot>();
  readonly #heap: Slot[] = [];
  readonly #random: () => number;
  #options: DispatchOptions;
  #before: Before;
  #served = 0;

  constructor(options: DispatchOptions, random: () => number) {
    this.#options = options;
    this.#before = orders[options.dispatch];
    this.#random = random;
  }

  /** All slots, also those without credit. */
  get slots(): ReadonlySet<Slot> {
    return this.#slots;
  }

  get hasAvailable(): boolean {
    return this.#heap.length > 0;
  }

  use(options: DispatchOptions): void {
    this.#options = options;
    this.#before = orders[options.dispatch];
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
    const [first] = this.#slots;
    if (this.#options.singleActiveConsumer && first !== undefined) this.changed(first);
  }

  /** The slot to serve the message to, marked as served: the caller leases to it and says `changed`. There must be one. */
  slotFor(entry: Entry): Slot {
    const slot = this.#choose(entry);
    slot.served = ++this.#served;
    return slot;
  }

  /** Must be called after every change of a slot's inflight, limit or served. */
  changed(slot: Slot): void {
    if (!slot.available) {
      this.#leave(slot);
      return;
    }
    if (slot.heapIndex < 0) {
      if (!this.#mayServe(slot)) return;
      slot.heapIndex = this.#heap.length;
      this.#heap.push(slot);
    }
    if (this.#heap.length === 1) return;
    this.#down(this.#up(slot.heapIndex));
  }

  #mayServe(slot: Slot): boolean {
    if (!this.#options.singleActiveConsumer) return this.#slots.has(slot);
    const [active] = this.#slots;
    return slot === active;
  }

  #choose(entry: Entry): Slot {
    const heap = this.#heap;
    const { dispatch } = this.#options;
    if (dispatch === 'random') return heap[Math.floor(this.#random() * heap.length)];
    const { keyHash } = entry;
    if (dispatch !== 'sticky' || keyHash === 0) return heap[0];
    return ownerOf(heap, keyHash, () => true) ?? heap[0];
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
