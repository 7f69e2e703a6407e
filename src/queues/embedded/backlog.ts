import { Deque } from '../../std/deque.ts';
import { Entry } from './entry.ts';
import { messageKey, sequenceMax, sequenceOfMessageKey, sequenceOfStateKey, stateKey } from './keys.ts';
import type { QueueCore } from './queue-core.ts';
import type { ReadyList } from './ready-list.ts';
import { damageOf } from './record.ts';
import type { StoredRow } from './stored-row.ts';

/** Messages and bytes that are read ahead at once: about 2.5 ms of the main thread. */
export const loadMessagesMax = 1_024;
export const loadBytesMax = 1024 * 1024;

/**
 * The ready messages of a lane that are on disk alone. They are the newest: what came while they did is older in memory, and new
 * ones join them on disk until all are read. `cursor` is where reading goes on.
 */
export class Backlog {
  readonly #queue: QueueCore;
  readonly #lane: number;
  readonly #ready: ReadyList;
  #cursor = 0;
  #messages = 0;
  /** Messages behind the cursor that are in memory: they came while nothing was written, and were written since. */
  readonly #known = new Set<number>();
  /** Those that no flush has brought to disk yet, with some that have been removed since. */
  readonly #unflushed = new Deque<Entry>();

  constructor(queue: QueueCore, lane: number, ready: ReadyList) {
    this.#queue = queue;
    this.#lane = lane;
    this.#ready = ready;
  }

  /** How many there are. */
  get size(): number {
    return this.#messages;
  }

  /** No ready message before this sequence is on disk alone. */
  get boundary(): number {
    return this.#messages === 0 ? this.#queue.nextSequence : this.#cursor;
  }

  /** Whether a ready message that is on disk is there alone. */
  isAlone(sequence: number): boolean {
    return this.#messages > 0 && sequence >= this.#cursor && !this.#known.has(sequence);
  }

  /** A message in memory that goes to disk too, wherever its place is. */
  written(sequence: number): void {
    if (this.isAlone(sequence)) this.#known.add(sequence);
  }

  /** When the queue is opened: this many wait, all unread. */
  open(messages: number): void {
    this.#messages = messages;
  }

  /** A new message stays on disk alone, once it is there. */
  spill(entry: Entry): void {
    if (this.#messages === 0) {
      this.#cursor = entry.sequence;
      this.#known.clear();
    }
    this.#messages++;
    this.#unflushed.push(entry);
  }

  /** The batch before is on disk: what it held can be read from there. */
  flushed(): void {
    while (this.#unflushed.peek()?.staged === false) this.#unflushed.shift();
  }

  /** The first one that cannot be read yet. */
  firstUnflushed(): StoredRow | undefined {
    for (let entry = this.#unflushed.peek(); entry !== undefined; entry = this.#unflushed.peek()) {
      const { sequence, record } = entry;
      if (this.isAlone(sequence) && !this.#queue.takenOnDisk.has(sequence))
        return { lane: this.#lane, sequence, record, waiting: undefined };
      this.#unflushed.shift();
    }
    return undefined;
  }

  /** One of them was removed where it lies. */
  taken(): void {
    this.#messages--;
  }

  /**
   * Reads on into the ready list of the lane, where what is read goes first, for a consumer that has credit: its credit bounds what that adds to memory, so
   * a full window only makes the steps smaller. What is not flushed cannot be read yet: the flush calls again.
   */
  load(): void {
    while (this.#goesFirst) {
      if (!this.#loadSome()) return;
    }
  }

  /** What came back in memory, as after a restart, may be newer than what has not been read. */
  get #goesFirst(): boolean {
    if (this.#messages === 0) return false;
    const first = this.#ready.peek();
    return first === undefined || first.sequence > this.#cursor;
  }

  #loadSome(): boolean {
    const queue = this.#queue;
    const rows = this.#queue.context.environment.readRange(
      'messages',
      messageKey(queue.id, this.#lane, this.#cursor),
      messageKey(queue.id, this.#lane, sequenceMax),
      Math.min(loadMessagesMax, queue.hot.messagesToRead),
      Math.min(loadBytesMax, queue.hot.bytesToRead),
    );
    if (rows.length === 0) return false;
    const last = sequenceOfMessageKey(rows[rows.length - 1].key);
    const skip = this.#scheduledBetween(this.#cursor, last);
    for (const { key, value } of rows) {
      const sequence = sequenceOfMessageKey(key);
      const isKnown = this.#known.delete(sequence);
      if (!isKnown && !skip.has(sequence) && !queue.takenOnDisk.has(sequence)) this.#loaded(sequence, value);
    }
    this.#cursor = last + 1;
    return true;
  }

  #loaded(sequence: number, record: Buffer): void {
    const damage = damageOf(record);
    if (damage !== undefined) {
      this.#queue.damaged({ lane: this.#lane, sequence, record, waiting: undefined }, damage);
      return;
    }
    const entry = new Entry(this.#queue, sequence, record);
    entry.stored = true;
    this.#messages--;
    this.#queue.hot.add(record.length);
    this.#ready.push(entry);
    this.#queue.selector.loaded?.(entry);
  }

  /**
   * Messages with a row in `message-states` come back through the schedule alone. The disk must be asked, not the
   * counters: they are ahead of it while a removal is being flushed.
   */
  #scheduledBetween(from: number, last: number): Set<number> {
    const queue = this.#queue;
    const keys = this.#queue.context.environment.readKeys(
      'message-states',
      stateKey(queue.id, from),
      stateKey(queue.id, last + 1),
      Number.POSITIVE_INFINITY,
    );
    return new Set(keys.map(sequenceOfStateKey));
  }
}
