import type { Entry } from './entry.ts';
import type { FailedBefore } from './failed-before.ts';
import { ReadyList } from './ready-list.ts';
import { keyHashOf } from './record.ts';
import type { Selector } from './selector.ts';
import type { StoredRow } from './stored-row.ts';

export interface KeyGateLimits {
  /** Messages that wait behind one of their key, in memory. Where so many do, others wait too until one of them may go. */
  readonly parkedMax: number;
  /** Their bytes. */
  readonly parkedBytesMax: number;
  /** Keys of which a message is out or waits for its next try. Likewise. */
  readonly keysMax: number;
}

export const keyGateLimits: KeyGateLimits = { parkedMax: 20_000, parkedBytesMax: 16 * 1024 * 1024, keysMax: 100_000 };

/** What the gate asks of its queue. */
export interface KeyGateParts {
  readonly inner: Selector;
  /** Messages that failed before the queue was opened and wait for their next try: they go before others of their key. */
  readonly failedBefore: Pick<FailedBefore, 'tell'>;
  /** Calls `next` again in a later turn. */
  readonly goOnLater: () => void;
  /** Whether all messages are of one key. */
  readonly isTotal: boolean;
  readonly limits?: KeyGateLimits;
}

/** A key of which a message is out, waits for its next try, or is about to go. */
interface Key {
  /** Its sequence. */
  holder: number;
  /** Those behind it, in order. */
  readonly parked: Entry[];
}

/**
 * Lets one message of a key out at a time: the next one goes when it is gone for good, whatever tries that takes. Messages
 * without a key pass. One with a delay of its own takes its place when it is due.
 *
 * Looking for a key that is free means to read on behind those that wait. What was read waits in memory, so that is bounded.
 */
export class KeyGate implements Selector {
  readonly #inner: Selector;
  readonly #failedBefore: Pick<FailedBefore, 'tell'>;
  readonly #goOnLater: () => void;
  readonly #isTotal: boolean;
  readonly #limits: KeyGateLimits;
  readonly #keys = new Map<number, Key>();
  /** They hold their key and may go now. */
  readonly #free = new ReadyList();
  /** All that wait behind others, with their bytes when they came here. The first is mostly the oldest. */
  readonly #parked = new Map<Entry, number>();
  #parkedBytes = 0;
  #isOpened = false;

  constructor(parts: KeyGateParts) {
    this.#inner = parts.inner;
    this.#failedBefore = parts.failedBefore;
    this.#goOnLater = parts.goOnLater;
    this.#isTotal = parts.isTotal;
    this.#limits = parts.limits ?? keyGateLimits;
  }

  arrived(entry: Entry): void {
    this.#inner.arrived(entry);
  }

  next(): Entry | undefined {
    if (!this.#isOpened && !this.#open()) return undefined;
    const free = this.#free.shift();
    if (free !== undefined) return free;
    while (this.#mayLookOn()) {
      const entry = this.#inner.next();
      if (entry === undefined || this.#passes(entry)) return entry;
    }
    return undefined;
  }

  returned(entry: Entry): void {
    const hash = this.#keyOf(entry);
    const key = this.#keys.get(hash);
    if (key === undefined && hash !== 0 && entry.attempts > 0)
      this.#keys.set(hash, { holder: entry.sequence, parked: [] });
    if (this.#keys.get(hash)?.holder === entry.sequence) this.#free.putBack(entry);
    else this.#inner.returned(entry);
  }

  departed(entry: Entry): void {
    this.#left(this.#keyOf(entry), entry.sequence);
    this.#inner.departed(entry);
  }

  withdrawn(entry: Entry): void {
    const hash = this.#keyOf(entry);
    const key = this.#keys.get(hash);
    const place = key === undefined ? -1 : key.parked.indexOf(entry);
    if (key?.holder === entry.sequence) {
      this.#free.forget();
      this.#left(hash, entry.sequence);
    } else if (place >= 0) {
      key?.parked.splice(place, 1);
      this.#unpark(entry);
    } else {
      this.#inner.withdrawn(entry);
    }
  }

  withdrawnOnDisk(row: StoredRow): void {
    if (row.waiting !== undefined) this.#left(this.#keyOnDisk(row), row.sequence);
    this.#inner.withdrawnOnDisk(row);
  }

  *inMemory(): Iterable<Entry> {
    yield* this.#inner.inMemory();
    yield* this.#free;
    yield* this.#parked.keys();
  }

  oldest(): Entry | undefined {
    let oldest = this.#inner.oldest();
    const consider = (entry: Entry | undefined): void => {
      if (entry !== undefined && (oldest === undefined || entry.sequence < oldest.sequence)) oldest = entry;
    };
    consider(this.#free.peek());
    const [parked] = this.#parked.keys();
    consider(parked);
    return oldest;
  }

  /** False where it has to go on in a later turn: until all that failed is known, nobody knows what may go. */
  #open(): boolean {
    this.#isOpened = this.#failedBefore.tell((failed) => this.#noteFailed(failed));
    if (!this.#isOpened) this.#goOnLater();
    return this.#isOpened;
  }

  #noteFailed({ record, sequence }: Entry | StoredRow): void {
    const hash = this.#isTotal ? totalKey : keyHashOf(record);
    const isFirst = sequence < (this.#keys.get(hash)?.holder ?? Number.POSITIVE_INFINITY);
    if (hash !== 0 && isFirst) this.#keys.set(hash, { holder: sequence, parked: [] });
  }

  #mayLookOn(): boolean {
    if (this.#isTotal) return this.#keys.size === 0;
    const { parkedMax, parkedBytesMax, keysMax } = this.#limits;
    return this.#parked.size < parkedMax && this.#parkedBytes < parkedBytesMax && this.#keys.size < keysMax;
  }

  #passes(entry: Entry): boolean {
    const hash = this.#keyOf(entry);
    if (hash === 0) return true;
    const key = this.#keys.get(hash);
    if (key === undefined) {
      this.#keys.set(hash, { holder: entry.sequence, parked: [] });
      return true;
    }
    this.#park(key, entry);
    return false;
  }

  /** Mostly at the end: what comes out of its order waited for a time of its own. */
  #park({ parked }: Key, entry: Entry): void {
    let place = parked.length;
    while (place > 0 && parked[place - 1].sequence > entry.sequence) place--;
    parked.splice(place, 0, entry);
    this.#parked.set(entry, entry.bytes);
    this.#parkedBytes += entry.bytes;
  }

  #unpark(entry: Entry): void {
    this.#parkedBytes -= this.#parked.get(entry) ?? 0;
    this.#parked.delete(entry);
  }

  #left(hash: number, sequence: number): void {
    const key = this.#keys.get(hash);
    if (key?.holder !== sequence) return;
    const next = key.parked.shift();
    if (next === undefined) {
      this.#keys.delete(hash);
      return;
    }
    this.#unpark(next);
    key.holder = next.sequence;
    this.#free.putBack(next);
  }

  /** The record of one that is damaged may not say its key any more. */
  #keyOnDisk({ record, sequence }: StoredRow): number {
    const hash = this.#isTotal ? totalKey : keyHashOf(record);
    if (this.#keys.get(hash)?.holder === sequence) return hash;
    for (const [other, { holder }] of this.#keys) if (holder === sequence) return other;
    return hash;
  }

  #keyOf(entry: Entry): number {
    return this.#isTotal ? totalKey : entry.keyHash;
  }
}

const totalKey = 1;
