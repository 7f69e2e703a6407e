import { loadBytesMax } from './backlog.ts';
import type { EngineContext } from './context.ts';
import { Entry } from './entry.ts';
import { FailedBefore } from './failed-before.ts';
import { FarMessages } from './far-messages.ts';
import { availableAtOfScheduleKey, scheduleKey, sequenceMax, sequenceOfScheduleKey } from './keys.ts';
import type { QueueCore } from './queue-core.ts';
import { damageOf } from './record.ts';
import { Horizon } from './schedule-horizon.ts';
import { readScheduled, type ScheduledRow } from './scheduled-row.ts';
import type { StoredRow } from './stored-row.ts';
import { State } from './transitions.ts';
import type { Wake } from './wake.ts';

/** How long before it is due a scheduled message comes into memory. */
const lookAheadMs = 1_000;
/** Bytes of the queue in memory from which messages that are due stay on disk while others are ready. */
const memoryBytesMax = 16 * 1024 * 1024;
/** Rows read at once. */
export const scheduleLoadMax = 1_024;

/**
 * The messages of a queue that wait for their time: for their next try, or for the end of their delay. Those up to the
 * horizon, a place in the order of time and sequence, are in memory, each with a deadline in the engine's heap; later ones
 * are rows on disk, which are read a page at a time when the horizon moves. Rows up to the horizon are never read again, so
 * that what memory already did to their messages cannot be undone by an older row.
 */
export class Schedule {
  readonly #queue: QueueCore;
  readonly #context: EngineContext;
  /** When to read on. */
  readonly #wake: Wake;
  #near = new Map<number, Entry>();
  /** Beyond the horizon and not flushed yet: the disk does not show them, so the horizon takes them from here. */
  #unflushed = new Map<number, Entry>();
  #far = 0;
  readonly #horizon = new Horizon();
  #wanted = false;
  /** Messages beyond the horizon that are in memory: they came while nothing was written, and were written since. */
  readonly #known = new Set<number>();
  readonly #farMessages: FarMessages;
  /** For a queue that keeps an order, once, when it is opened. */
  readonly failedBefore: FailedBefore;

  constructor(queue: QueueCore, context: EngineContext) {
    this.#queue = queue;
    this.#context = context;
    this.#wake = { wake: () => this.#woken(), deadline: 0, heapIndex: -1 };
    const from = (): Buffer => this.#horizon.nextKey(queue.id);
    const isAlone = (availableAt: number, sequence: number): boolean =>
      !queue.takenOnDisk.has(sequence) && this.isAlone(availableAt, sequence);
    this.#farMessages = new FarMessages({ queue: queue.id, environment: context.environment, from, isAlone });
    this.failedBefore = new FailedBefore({ queue, from, isAlone, inMemory: () => this.inMemory });
  }

  get size(): number {
    return this.#near.size + this.#far;
  }

  /** Everything up to this millisecond is in memory. */
  get horizon(): number {
    return this.#horizon.wholeMs;
  }

  /** Whether a message that waits on disk until then is there alone. */
  isAlone(availableAt: number, sequence: number): boolean {
    return this.#horizon.isBefore(availableAt, sequence) && !this.#known.has(sequence);
  }

  /** A message in memory goes to disk too, whether its time has come or not. */
  written({ waiting, sequence }: Entry): void {
    if (waiting !== undefined && this.#horizon.isBefore(waiting.availableAt, sequence)) this.#known.add(sequence);
  }

  /** The first in memory, in no order. */
  get firstInMemory(): Entry | undefined {
    for (const entry of this.#near.values()) return entry;
    for (const entry of this.#unflushed.values()) return entry;
    return undefined;
  }

  /** One of those on disk alone, mostly the one that is due first; undefined where none is flushed. */
  firstAlone(): StoredRow | undefined {
    const row = this.#farMessages.first();
    return row === undefined ? undefined : readScheduled(this.#queue.id, this.#context.environment, row);
  }

  /** Messages are due that are not in memory: the queue had enough others ready, and loads them when it has not. */
  get wanted(): boolean {
    if (!this.#wanted) return false;
    const { readyInMemory, hot } = this.#queue;
    return readyInMemory === 0 || (readyInMemory < scheduleLoadMax && hot.bytes < memoryBytesMax);
  }

  get inMemory(): Iterable<Entry> {
    return [...this.#near.values(), ...this.#unflushed.values()];
  }

  /** The message of that sequence, where it waits in memory. */
  find(sequence: number): Entry | undefined {
    return this.#near.get(sequence) ?? this.#unflushed.get(sequence);
  }

  /** When the queue is opened: this many wait on disk, some of them perhaps due. */
  open(messages: number): void {
    this.#far = messages;
    if (messages === 0) return;
    this.failedBefore.open();
    this.#wakeAt(this.#context.clock.now());
  }

  /** Takes a message in state `scheduled`, whose rows are staged. */
  add(entry: Entry, availableAt: number): void {
    if (this.#far === 0) this.#horizon.move(this.#context.clock.now() + lookAheadMs, sequenceMax);
    const isUnwritten = this.#queue.isInMemory && !entry.stored;
    if (isUnwritten || !this.#horizon.isBefore(availableAt, entry.sequence)) {
      this.#addNear(entry, availableAt);
      return;
    }
    this.#far++;
    this.#queue.hot.remove(entry.record.length);
    this.#known.delete(entry.sequence);
    this.#unflushed.set(entry.sequence, entry);
    if (this.#wake.heapIndex < 0 || availableAt - lookAheadMs < this.#wake.deadline)
      this.#wakeAt(availableAt - lookAheadMs);
  }

  /** Forgets an entry that is due, or was removed. */
  forget(entry: Entry): void {
    if (this.#near.delete(entry.sequence)) {
      this.#context.scheduled.remove(entry);
      return;
    }
    this.#unflushed.delete(entry.sequence);
    this.#far--;
    this.#queue.hot.add(entry.record.length);
  }

  /** When one that is tried again at once is due: within the horizon, so that its row is not read while it is in memory. */
  atOnce(now: number): number {
    // Before anything was read there is no horizon, and a row at the beginning of time is behind every one.
    if (this.#horizon.at === 0) this.load();
    return Math.min(now, this.horizon);
  }

  /** One beyond the horizon was removed where it lies. */
  taken(): void {
    this.#far--;
  }

  /** The batch before is on disk: what it held can be read from there. */
  flushed(): void {
    for (const [sequence, entry] of this.#unflushed) if (!entry.staged) this.#unflushed.delete(sequence);
  }

  #woken(): void {
    this.#wanted = this.#far > 0;
    if (this.wanted) this.load();
    this.#queue.delivery.pump();
  }

  /** Moves the horizon ahead of now, or as far as one page goes. */
  load(): void {
    this.#wanted = false;
    const now = this.#context.clock.now();
    const until = now + lookAheadMs;
    const { rows, last } = this.#readPage(until);
    if (last === undefined) this.#horizon.move(until, sequenceMax);
    else this.#horizon.move(availableAtOfScheduleKey(last), sequenceOfScheduleKey(last));
    const known = this.#takeUnflushed();
    for (const row of rows) if (!known.has(row.sequence)) this.#loadRow(row);
    this.#wanted = last !== undefined && this.#horizon.at <= now;
    if (this.#far > 0 && !this.#wanted)
      this.#wakeAt(last === undefined ? this.#nextFar() - lookAheadMs : this.#horizon.at);
  }

  stop(): void {
    this.#context.wakes.remove(this.#wake);
    const { dismissals, scheduled } = this.#context;
    const each = this.#near.values();
    dismissals.add(this.#near.size, () => scheduled.remove(each.next().value as Entry));
    this.#near = new Map();
    this.#unflushed.clear();
  }

  #addNear(entry: Entry, availableAt: number): void {
    this.#near.set(entry.sequence, entry);
    this.#context.scheduled.set(entry, availableAt);
  }

  #wakeAt(at: number): void {
    this.#context.wakes.set(this.#wake, at);
  }

  /** What is due next, with the key of the last one where there is more than a page takes. */
  #readPage(until: number): { rows: ScheduledRow[]; last: Buffer | undefined } {
    const { environment } = this.#context;
    const end = scheduleKey(this.#queue.id, until + 1, 0);
    const keys = environment.readRange('schedule', this.#horizon.nextKey(this.#queue.id), end, scheduleLoadMax);
    const rows: ScheduledRow[] = [];
    let bytes = 0;
    for (const scheduleRow of keys) {
      const sequence = sequenceOfScheduleKey(scheduleRow.key);
      if (this.#known.delete(sequence) || this.#queue.takenOnDisk.has(sequence)) continue;
      const row = readScheduled(this.#queue.id, environment, scheduleRow);
      rows.push(row);
      bytes += row.record.length;
      if (bytes >= loadBytesMax) return { rows, last: scheduleRow.key };
    }
    return { rows, last: keys.length < scheduleLoadMax ? undefined : keys[keys.length - 1].key };
  }

  /** Those that are within the horizon now; answers their sequences, because the disk may show them already. */
  #takeUnflushed(): Set<number> {
    const known = new Set<number>();
    for (const entry of this.#unflushed.values()) {
      const availableAt = entry.waiting?.availableAt ?? 0;
      if (this.#queue.takenOnDisk.has(entry.sequence)) continue;
      if (this.#horizon.isBefore(availableAt, entry.sequence)) continue;
      this.#unflushed.delete(entry.sequence);
      known.add(entry.sequence);
      this.#arrive(entry, availableAt);
    }
    return known;
  }

  #loadRow(row: ScheduledRow): void {
    const queue = this.#queue;
    const { sequence } = row;
    const damage = row.problem ?? damageOf(row.record);
    if (damage !== undefined) {
      queue.damaged(row, damage);
      return;
    }
    const entry = new Entry(queue, sequence, row.record, State.scheduled);
    entry.stored = true;
    entry.waiting = row.waiting;
    entry.storedWaiting = row.waiting;
    this.#arrive(entry, row.waiting.availableAt);
  }

  #arrive(entry: Entry, availableAt: number): void {
    this.#far--;
    this.#queue.hot.add(entry.record.length);
    this.#addNear(entry, availableAt);
    if (availableAt <= this.#context.clock.now()) this.#queue.due(entry);
  }

  /** When the next one beyond the horizon is due. */
  #nextFar(): number {
    const { id } = this.#queue;
    const from = this.#horizon.nextKey(id);
    const [key] = this.#context.environment.readKeys('schedule', from, scheduleKey(id + 1, 0, 0), 1);
    const onDisk = key === undefined ? Number.POSITIVE_INFINITY : availableAtOfScheduleKey(key);
    let next = onDisk;
    for (const { waiting } of this.#unflushed.values()) next = Math.min(next, waiting?.availableAt ?? next);
    return next;
  }
}
