import type { Message } from '../../message.ts';
import type { Departure } from '../causes/dead-letter-groups.ts';
import type { Entry } from './entry.ts';
import { messageKey, stateKey } from './keys.ts';
import type { Lanes } from './lanes.ts';
import type { KeyDigest, LastValues } from './last-values.ts';
import type { QueueCore } from './queue-core.ts';
import { messageOf } from './record.ts';
import type { Schedule } from './schedule.ts';
import type { Selector } from './selector.ts';
import type { StoredRow } from './stored-row.ts';
import { changeState, State } from './transitions.ts';
import { Unflushed } from './unflushed.ts';
import { decodeWaiting } from './waiting.ts';

/** What the selector works on. */
interface LastValueQueue extends QueueCore {
  readonly lanes: Lanes;
  readonly schedule: Schedule;
  discard(entry: Entry, why: Departure): void;
  discardOnDisk(row: StoredRow, why: Departure): void;
}

/**
 * Keeps the newest message of each key, up to the moment in which it is given out. A new one takes the place of the one that
 * waits in memory, so that a key that changes often is not always last; one that waits on disk alone or for a time makes way
 * for it at the end. One that is out stays out: the new one follows when it is settled, and if it fails it is not tried again.
 */
export class LastValueSelector implements Selector {
  readonly #queue: LastValueQueue;
  readonly #inner: Selector;
  readonly #values: LastValues;
  /** The newest of a key, where it is ready in memory. */
  readonly #ready = new Map<KeyDigest, Entry>();
  /** The one of a key that was given out. */
  readonly #out = new Map<KeyDigest, Entry>();
  /** Records that wait on disk alone and are not flushed yet, by sequence. */
  readonly #spilled: Unflushed<number, Buffer>;

  constructor(queue: LastValueQueue, inner: Selector, values: LastValues) {
    this.#queue = queue;
    this.#inner = inner;
    this.#values = values;
    this.#spilled = new Unflushed(queue.context.commit);
  }

  /** How many bytes go when the message comes: those of the one that waits, of its key; undefined where none does. */
  bytesReplaced(message: Message): number | undefined {
    const digest = this.#values.digestOf(message);
    const sequence = digest === undefined ? 0 : this.#values.newest(digest);
    if (digest === undefined || sequence === 0) return undefined;
    return this.#recordThatWaits(digest, sequence)?.length;
  }

  digestOf(message: Message): KeyDigest | undefined {
    return this.#values.digestOf(message);
  }

  /** When the value that the queue has of that key came in, waiting or given out; undefined where it has none. */
  receivedAt(digest: KeyDigest): number | undefined {
    const sequence = this.#values.newest(digest);
    if (sequence === 0) return undefined;
    const out = this.#out.get(digest);
    const record = out?.sequence === sequence ? out.record : this.#recordThatWaits(digest, sequence);
    return record === undefined ? undefined : messageOf(record).receivedAt;
  }

  /** What came while nothing was written. */
  writeAll(): void {
    this.#values.writeAll();
  }

  /** Puts the record in the place of the message that it replaces; undefined where it has to be appended. */
  replace(record: Buffer, message: Message | undefined): Entry | undefined {
    const digest = this.#values.digestOf(message ?? messageOf(record));
    const sequence = digest === undefined ? 0 : this.#values.newest(digest);
    if (digest === undefined || sequence === 0) return undefined;
    const ready = this.#ready.get(digest);
    if (ready === undefined) this.#dropWaiting(sequence);
    else this.#rewrite(ready, record);
    return ready;
  }

  arrived(entry: Entry): void {
    const before = this.#queue.lanes.onDiskAlone;
    this.#inner.arrived(entry);
    const digest = this.#digestOf(entry.record);
    if (digest === undefined) return;
    this.#values.came(digest, entry.sequence, this.#queue.isInMemory);
    if (this.#queue.lanes.onDiskAlone === before) this.#ready.set(digest, entry);
    else this.#spilled.set(entry.sequence, entry.record);
  }

  next(): Entry | undefined {
    for (;;) {
      const entry = this.#inner.next();
      const digest = entry === undefined ? undefined : this.#digestOf(entry.record);
      if (entry === undefined || digest === undefined) return entry;
      if (this.#values.newest(digest) === entry.sequence) {
        this.#ready.delete(digest);
        this.#out.set(digest, entry);
        return entry;
      }
      this.#drop(entry);
    }
  }

  returned(entry: Entry): void {
    const digest = this.#digestOf(entry.record);
    if (digest !== undefined) this.#cameBack(digest, entry.sequence);
    if (digest !== undefined && this.#values.newest(digest) === entry.sequence) this.#ready.set(digest, entry);
    this.#inner.returned(entry);
  }

  /** So that a newer one finds it. */
  loaded(entry: Entry): void {
    const digest = this.#digestOf(entry.record);
    if (digest !== undefined && this.#values.newest(digest) === entry.sequence) this.#ready.set(digest, entry);
  }

  postponed({ record, sequence }: Entry): void {
    const digest = this.#digestOf(record);
    if (digest !== undefined) this.#cameBack(digest, sequence);
  }

  departed(entry: Entry): void {
    this.#left(entry.record, entry.sequence);
    this.#inner.departed(entry);
  }

  withdrawn(entry: Entry): void {
    this.#left(entry.record, entry.sequence);
    this.#inner.withdrawn(entry);
  }

  withdrawnOnDisk(row: StoredRow): void {
    if (row.record.length > 0) this.#left(row.record, row.sequence);
    this.#inner.withdrawnOnDisk(row);
  }

  inMemory(): Iterable<Entry> {
    return this.#inner.inMemory();
  }

  oldest(): Entry | undefined {
    return this.#inner.oldest();
  }

  isObsolete({ record, sequence }: Entry): boolean {
    const digest = this.#digestOf(record);
    return digest !== undefined && this.#values.newest(digest) !== sequence;
  }

  #digestOf(record: Buffer): KeyDigest | undefined {
    return this.#values.digestOf(messageOf(record));
  }

  #left(record: Buffer, sequence: number): void {
    const digest = this.#digestOf(record);
    if (digest === undefined) return;
    this.#cameBack(digest, sequence);
    if (this.#values.newest(digest) !== sequence) return;
    this.#values.left(digest);
    this.#ready.delete(digest);
  }

  #cameBack(digest: KeyDigest, sequence: number): void {
    if (this.#out.get(digest)?.sequence !== sequence) return;
    this.#out.delete(digest);
    // One of its key finds room in its place now.
    if (this.#queue.blocked > 0) this.#queue.context.roomMade();
  }

  #recordThatWaits(digest: KeyDigest, sequence: number): Buffer | undefined {
    const waiting = this.#ready.get(digest) ?? this.#queue.schedule.find(sequence);
    return waiting?.record ?? this.#rowAlone(sequence)?.record;
  }

  #drop(entry: Entry): void {
    const queue = this.#queue;
    queue.totals.dropped.superseded++;
    changeState(entry, State.removed);
    queue.depart(entry, 'discarded');
    this.#inner.departed(entry);
  }

  #rewrite(entry: Entry, record: Buffer): void {
    const { hot, totals, lanes } = this.#queue;
    this.#queue.causes.departed(entry.sequence, entry.record, 'discarded');
    const change = record.length - entry.bytes;
    hot.remove(entry.bytes);
    hot.add(record.length);
    this.#queue.bytes += change;
    totals.enqueued++;
    totals.dropped.superseded++;
    entry.replaceRecord(record);
    // Nobody has tried the new one. Its row looks as one that was not read yet from now on.
    if (entry.waiting !== undefined) lanes.of(entry.lane).backlog.written(entry.sequence);
    entry.waiting = undefined;
    entry.deliveries = 0;
    if (entry.stored) this.#queue.stage(entry, record.length);
  }

  /** One that waits for a time, or on disk alone. */
  #dropWaiting(sequence: number): void {
    const queue = this.#queue;
    const scheduled = queue.schedule.find(sequence);
    if (scheduled !== undefined) {
      queue.totals.dropped.superseded++;
      queue.discard(scheduled, 'discarded');
      return;
    }
    const row = this.#rowAlone(sequence);
    if (row === undefined) return;
    queue.totals.dropped.superseded++;
    queue.discardOnDisk(row, 'discarded');
  }

  #rowAlone(sequence: number): StoredRow | undefined {
    const { id, context, takenOnDisk, lanes, schedule } = this.#queue;
    const record = this.#spilled.get(sequence) ?? context.environment.get('messages', messageKey(id, 0, sequence));
    if (record === undefined || takenOnDisk.has(sequence)) return undefined;
    const state = context.environment.get('message-states', stateKey(id, sequence));
    const waiting = state === undefined ? undefined : decodeWaiting(state);
    const isAlone =
      waiting === undefined ? lanes.of(0).backlog.isAlone(sequence) : schedule.isAlone(waiting.availableAt, sequence);
    return isAlone ? { lane: 0, sequence, record, waiting } : undefined;
  }
}
