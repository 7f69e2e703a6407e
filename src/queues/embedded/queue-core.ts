import type { Settlement } from '../../message.ts';
import type { BatchWriter } from '../../storage/staged-write.ts';
import type { Departure } from '../causes/dead-letter-groups.ts';
import type { CountedIn } from '../engine.ts';
import type { QueueOptions } from '../options.ts';
import type { EngineContext } from './context.ts';
import { QueueCounters } from './counters.ts';
import { DeliveryLoop } from './delivery-loop.ts';
import type { Entry } from './entry.ts';
import { writeRows } from './entry-rows.ts';
import { HotShare } from './hot-window.ts';
import { RowKeys } from './keys.ts';
import type { DeliverySource } from './leasing-home.ts';
import type { Selector } from './selector.ts';
import type { StoredRow } from './stored-row.ts';
import { QueueTotals } from './totals.ts';

/** Counts dead letters by their cause, as they leave. */
interface CauseCounting extends CountedIn {
  departed(sequence: number, record: Buffer, why: Departure): void;
}

/**
 * What all parts of a queue work on: what is present, what is ready in memory, who may take it, and the book-keeping that
 * every change of these goes through.
 */
export abstract class QueueCore implements DeliverySource {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly context: EngineContext;
  readonly counters: QueueCounters;
  readonly rowKeys: RowKeys;
  readonly delivery: DeliveryLoop;
  readonly hot: HotShare;
  readonly totals = new QueueTotals();
  /** Sequences of messages that were removed where they lie on disk, until that is flushed: readers must not bring them back. */
  readonly takenOnDisk = new Set<number>();

  options: QueueOptions;
  nextSequence = 1;
  /** All that is present: ready, scheduled and leased, in memory and on disk. */
  messages = 0;
  bytes = 0;
  removed = false;
  /** Publishes that wait until there is room. */
  blocked = 0;
  /** Delivers nothing more, because the engine stops. */
  stopped = false;

  constructor(id: number, name: string, createdAt: number, options: QueueOptions, context: EngineContext) {
    this.id = id;
    this.name = name;
    this.createdAt = createdAt;
    this.context = context;
    this.options = options;
    this.counters = new QueueCounters(id, context.commit, () => this.flushed());
    this.rowKeys = new RowKeys(id);
    this.hot = new HotShare(context.hot);
    this.delivery = new DeliveryLoop(this, () => this.selector);
  }

  /** Its dead letters, where it has any, by cause. */
  abstract readonly causes: CauseCounting;
  abstract get selector(): Selector;
  /** Messages that are ready and in memory. */
  abstract get readyInMemory(): number;
  /** A scheduled entry can be tried again. */
  abstract due(entry: Entry): void;
  abstract settle(entry: Entry, settlement: Settlement): boolean;
  abstract release(entry: Entry): void;
  abstract leaseExpired(entry: Entry, now: number): void;
  abstract expire(entry: Entry, now: number): void;
  /** A message on disk alone cannot be read: it goes to the dead letters with what bytes there are. */
  abstract damaged(row: StoredRow, damage: string): void;
  /** Rows of this queue have become durable. */
  protected abstract flushed(): void;

  /** Nothing is handed out any more. After a failed commit what came back would be somebody else's, whose answer nobody could keep. */
  get closed(): boolean {
    return this.stopped || this.removed || this.context.commit.failure !== undefined;
  }

  get ttlMs(): number {
    return this.options.ttlMs;
  }

  extend(entry: Entry, leaseMs: number | undefined): boolean {
    return this.delivery.extend(entry, leaseMs);
  }

  /** Messages are never written: memory bounds them. */
  get isInMemory(): boolean {
    return this.options.durability === 'memory';
  }

  hasRoom(bytes: number): boolean {
    if (this.isInMemory && !this.hot.hasRoom) return false;
    const { limits } = this.options;
    if (limits.messages > 0 && this.messages >= limits.messages) return false;
    return limits.bytes === 0 || this.bytes + bytes <= limits.bytes;
  }

  takeSequence(): number {
    const sequence = this.nextSequence++;
    this.counters.reserve(this.nextSequence);
    return sequence;
  }

  stage(entry: Entry, bytes = 0): void {
    if (entry.staged || (this.isInMemory && !entry.stored)) return;
    entry.staged = true;
    this.context.commit.stage(entry, bytes);
  }

  writeEntry(entry: Entry, batch: BatchWriter): void {
    if (!this.removed) writeRows(this, entry, batch);
  }

  /** Books a message out of memory's counts and stages the removal of its rows. */
  depart(entry: Entry, why: Departure): void {
    this.messages--;
    this.causes.departed(entry.sequence, entry.record, why);
    this.bytes -= entry.record.length;
    this.hot.remove(entry.record.length);
    if (entry.stored) this.stage(entry);
    if (this.blocked > 0) this.context.roomMade();
  }
}
