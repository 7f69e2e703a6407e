import { type Deadline, DeadlineHeap } from '../../std/deadline-heap.ts';
import { hashOf } from '../../std/hash.ts';
import { RateBucket } from '../../std/rate-bucket.ts';

/** Leases that one consumer may extend in a second by their tokens, and at once. Each costs a fraction of a microsecond. */
export const extensionsPerSecondMax = 20_000;

/** Leases that a new one is compared with to find its place in the list. */
const passedMax = 8;

/** Something that a slot holds: who holds it until when, and its neighbours in that one's list. */
export interface Holding<T extends Holding<T>> extends Deadline {
  readonly bytes: number;
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
 * One consumer's place in the dispatch of a queue: how much it may hold, how much it holds, and what, by when the leases end.
 * Leases are mostly of one length, so a list is enough: a new one goes to its end without a look at the others, and one that
 * is settled goes out without moving any. One whose place is far from both ends of the list goes to a heap instead, where
 * finding it costs no more than a logarithm of those that are held.
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
  /** Those of them whose lease it lost. */
  lost = 0;
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
  /** Those whose place is in the middle of the list. */
  #between: DeadlineHeap<T> | undefined = undefined;
  #extensions: RateBucket | undefined = undefined;

  constructor(taker: Taker<T>, id: string) {
    this.taker = taker;
    this.hash = hashOf(id);
  }

  get available(): boolean {
    return this.inflight < this.limit && this.inflightBytes < this.bytesLimit;
  }

  /** The one whose lease ends first. */
  get earliest(): T | undefined {
    const between = this.#between?.first;
    if (between === undefined) return this.#earliest;
    return this.#earliest === undefined || between.deadline < this.#earliest.deadline ? between : this.#earliest;
  }

  /** One of those that it holds. */
  get any(): T | undefined {
    return this.#latest ?? this.#between?.last;
  }

  /** Counts a lease that is to be extended; false where it is one too many. */
  mayExtend(now: number): boolean {
    this.#extensions ??= new RateBucket(extensionsPerSecondMax, now);
    return this.#extensions.take(now);
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

  /** Takes the entry from those that it holds; its place in `inflight` is the caller's business. */
  unlink(entry: T): void {
    if (entry.heapIndex >= 0) {
      this.#between?.remove(entry);
      return;
    }
    const { previous, next } = entry;
    if (previous !== undefined) previous.next = next;
    else this.#latest = next;
    if (next !== undefined) next.previous = previous;
    else this.#earliest = previous;
    entry.previous = undefined;
    entry.next = undefined;
  }

  /** The caller may unlink the entry that it was given. */
  *held(): Iterable<T> {
    for (let entry = this.#latest; entry !== undefined; ) {
      const next: T | undefined = entry.next;
      yield entry;
      entry = next;
    }
    if (this.#between !== undefined) yield* this.#between.toArray();
  }

  #link(entry: T, deadline: number): void {
    entry.deadline = deadline;
    let passed = 0;
    let later: T | undefined;
    let earlier = this.#latest;
    if (this.#endsEarly(deadline)) {
      later = this.#earliest;
      while (later !== undefined && later.deadline < deadline && passed++ < passedMax) later = later.previous;
      earlier = later?.next;
    } else {
      while (earlier !== undefined && earlier.deadline > deadline && passed++ < passedMax) {
        later = earlier;
        earlier = earlier.next;
      }
    }
    if (passed <= passedMax) this.#insert(entry, later, earlier);
    else this.#putBetween(entry, deadline);
  }

  #insert(entry: T, later: T | undefined, earlier: T | undefined): void {
    entry.previous = later;
    entry.next = earlier;
    if (later !== undefined) later.next = entry;
    else this.#latest = entry;
    if (earlier !== undefined) earlier.previous = entry;
    else this.#earliest = entry;
  }

  #putBetween(entry: T, deadline: number): void {
    this.#between ??= new DeadlineHeap();
    this.#between.set(entry, deadline);
  }

  /** Whether its place is nearer to the lease that ends first: whoever shortens thousands must not pass thousands for each. */
  #endsEarly(deadline: number): boolean {
    if (this.#earliest === undefined || this.#latest === undefined) return false;
    return deadline - this.#earliest.deadline < this.#latest.deadline - deadline;
  }
}
