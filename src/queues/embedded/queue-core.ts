import type { Settlement } from '../../message.ts';
import type { QueueOptions } from '../options.ts';
import type { EngineContext } from './context.ts';
import { QueueCounters } from './counters.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Entry, EntryHome } from './entry.ts';
import { HotShare } from './hot-window.ts';
import { ReadyList } from './ready-list.ts';
import type { Slot } from './slot.ts';
import { QueueTotals } from './totals.ts';
import type { Waiting } from './waiting.ts';

/** A message as its rows on disk show it. */
export interface StoredRow {
  readonly lane: number;
  readonly sequence: number;
  readonly record: Buffer;
  readonly waiting: Waiting | undefined;
}

/**
 * What all parts of a queue work on: what is present, what is ready in memory, who may take it, and the book-keeping that
 * every change of these goes through.
 */
export abstract class QueueCore implements EntryHome {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly context: EngineContext;
  readonly counters: QueueCounters;
  readonly dispatcher: Dispatcher;
  readonly ready = new ReadyList();
  readonly hot: HotShare;
  readonly totals = new QueueTotals();
  /** Sequences of messages that were removed where they lie on disk, until that is flushed: readers must not bring them back. */
  readonly takenOnDisk = new Set<number>();

  options: QueueOptions;
  nextSequence = 1;
  /** All that is present: ready, scheduled and leased, in memory and on disk. */
  messages = 0;
  bytes = 0;
  leased = 0;
  removed = false;
  /** Delivers nothing more, because the engine stops. */
  stopped = false;
  #pumpDue = false;

  constructor(id: number, name: string, createdAt: number, options: QueueOptions, context: EngineContext) {
    this.id = id;
    this.name = name;
    this.createdAt = createdAt;
    this.context = context;
    this.options = options;
    this.counters = new QueueCounters(id, context.commit, () => this.flushed());
    this.dispatcher = new Dispatcher(options.dispatch);
    this.hot = new HotShare(context.hot);
  }

  /** Hands ready messages to consumers with credit, oldest first. */
  abstract pump(): void;
  /** A scheduled entry can be tried again. */
  abstract due(entry: Entry): void;
  abstract settle(entry: Entry, settlement: Settlement): boolean;
  abstract extend(entry: Entry, leaseMs: number): boolean;
  abstract leaseExpired(entry: Entry, now: number): void;
  /** A message on disk alone cannot be read: it goes to the dead letters with what bytes there are. */
  abstract damaged(row: StoredRow, damage: string): void;
  /** Rows of this queue have become durable. */
  protected abstract flushed(): void;

  pumpLater(): void {
    if (this.#pumpDue) return;
    this.#pumpDue = true;
    setImmediate(() => {
      this.#pumpDue = false;
      this.pump();
    });
  }

  hasRoom(bytes: number): boolean {
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
    if (entry.staged) return;
    entry.staged = true;
    this.context.commit.stage(entry, bytes);
  }

  /** Books a message out of memory's counts and stages the removal of its rows. */
  depart(entry: Entry): void {
    this.messages--;
    this.bytes -= entry.record.length;
    this.hot.remove(entry.record.length);
    if (entry.stored) this.stage(entry);
  }

  /** Takes a leased entry from its holder. */
  endLease(entry: Entry): void {
    this.context.leases.remove(entry);
    this.leased--;
    const { slot } = entry;
    if (slot === undefined) return;
    slot.unlink(entry);
    if (!entry.lost) this.freePlace(slot, entry);
  }

  /** The entry counts no more against what its holder may hold. */
  protected freePlace(slot: Slot<Entry>, entry: Entry): void {
    slot.inflight--;
    slot.inflightBytes -= entry.bytes;
    this.dispatcher.changed(slot);
    slot.taker.ended(entry);
  }
}
