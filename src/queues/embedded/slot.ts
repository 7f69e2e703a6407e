/** Something that a slot holds: who holds it, and its neighbours in that one's list. */
export interface Holding<T extends Holding<T>> {
  readonly bytes: number;
  slot: Slot<T> | undefined;
  previous: T | undefined;
  next: T | undefined;
}

/** Who is behind a slot: takes a message that was just leased to it. */
export interface Taker<T> {
  take(entry: T): void;
  /** An entry takes none of its places any more: its lease has ended, or a lost one was answered at last. */
  ended(entry: T): void;
}

/** One consumer's place in the dispatch of a queue: how much it may hold, how much it holds, and what. */
export class Slot<T extends Holding<T>> {
  readonly taker: Taker<T>;
  /** Messages that it may hold at once. */
  limit = 0;
  /** Bytes from which it gets no more. */
  bytesLimit = Number.POSITIVE_INFINITY;
  /** Messages that count against the limit: those it holds, and those whose lease it lost without answering. */
  inflight = 0;
  /** Their bytes. */
  inflightBytes = 0;
  /** The dispatcher's count when it was last served. */
  served = 0;
  /** Owned by the dispatcher: -1 while the slot is not in its heap. */
  heapIndex = -1;
  #first: T | undefined = undefined;

  constructor(taker: Taker<T>) {
    this.taker = taker;
  }

  get available(): boolean {
    return this.inflight < this.limit && this.inflightBytes < this.bytesLimit;
  }

  hold(entry: T): void {
    this.inflight++;
    this.inflightBytes += entry.bytes;
    entry.slot = this;
    entry.next = this.#first;
    if (this.#first !== undefined) this.#first.previous = entry;
    this.#first = entry;
  }

  /** Takes the entry off the list; its place in `inflight` is the caller's business. */
  unlink(entry: T): void {
    if (entry.previous !== undefined) entry.previous.next = entry.next;
    else this.#first = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
  }

  *held(): Iterable<T> {
    for (let entry = this.#first; entry !== undefined; ) {
      // The caller may unlink the entry that it was given.
      const next: T | undefined = entry.next;
      yield entry;
      entry = next;
    }
  }
}
