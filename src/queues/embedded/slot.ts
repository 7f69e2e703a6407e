import { hashOf } from '../../std/hash.ts';

/** Something that a slot holds: who holds it until when, and its neighbours in that one's list. */
export interface Holding<T extends Holding<T>> {
  readonly bytes: number;
  deadline: number;
  slot: Slot<T> | undefined;
  previous: T | undefined;
  next: T | undefined;
}

/** Who is behind a slot: takes a message that was just leased to it. */
export interface Taker<T> {
  /** How long the lease of the next one is. */
  readonly leaseMs: number;
  take(entry: T): void;
  /** An entry takes none of its places any more: its lease has ended, or a lost one was answered at last. */
  ended(entry: T): void;
}

/**
 * One consumer's place in the dispatch of a queue: how much it may hold, how much it holds, and what, in the order in which
 * the leases end. Leases are mostly of one length, so a new one goes to the end of that order without a look at the others;
 * a shorter one passes those that end later.
 */
export class Slot<T extends Holding<T>> {
  readonly taker: Taker<T>;
  /** Of who takes, for what is given out by key. */
  readonly hash: number;
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
  /** Ends its leases; set while the slot is in a dispatch. */
  watch: { changed(): void; stop(): void } | undefined = undefined;
  #latest: T | undefined = undefined;
  #earliest: T | undefined = undefined;

  constructor(taker: Taker<T>, id: string) {
    this.taker = taker;
    this.hash = hashOf(id);
  }

  get available(): boolean {
    return this.inflight < this.limit && this.inflightBytes < this.bytesLimit;
  }

  /** The one whose lease ends first. */
  get earliest(): T | undefined {
    return this.#earliest;
  }

  hold(entry: T, deadline: number): void {
    this.inflight++;
    this.inflightBytes += entry.bytes;
    entry.slot = this;
    this.#link(entry, deadline);
  }

  /** Its lease ends at another time. */
  moveDeadline(entry: T, deadline: number): void {
    this.unlink(entry);
    this.#link(entry, deadline);
  }

  /** Takes the entry off the list; its place in `inflight` is the caller's business. */
  unlink(entry: T): void {
    const { previous, next } = entry;
    if (previous !== undefined) previous.next = next;
    else this.#latest = next;
    if (next !== undefined) next.previous = previous;
    else this.#earliest = previous;
    entry.previous = undefined;
    entry.next = undefined;
  }

  *held(): Iterable<T> {
    for (let entry = this.#latest; entry !== undefined; ) {
      // The caller may unlink the entry that it was given.
      const next: T | undefined = entry.next;
      yield entry;
      entry = next;
    }
  }

  #link(entry: T, deadline: number): void {
    entry.deadline = deadline;
    let later: T | undefined;
    let earlier = this.#latest;
    if (this.#endsEarly(deadline)) {
      later = this.#earliest;
      while (later !== undefined && later.deadline < deadline) later = later.previous;
      earlier = later?.next;
    } else {
      while (earlier !== undefined && earlier.deadline > deadline) {
        later = earlier;
        earlier = earlier.next;
      }
    }
    entry.previous = later;
    entry.next = earlier;
    if (later !== undefined) later.next = entry;
    else this.#latest = entry;
    if (earlier !== undefined) earlier.previous = entry;
    else this.#earliest = entry;
  }

  /** Whether its place is nearer to the lease that ends first: whoever shortens thousands must not pass thousands for each. */
  #endsEarly(deadline: number): boolean {
    if (this.#earliest === undefined || this.#latest === undefined) return false;
    return deadline - this.#earliest.deadline < this.#latest.deadline - deadline;
  }
}
