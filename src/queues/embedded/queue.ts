import type { SluiceError } from '../../errors.ts';
import type { Message, Settlement } from '../../message.ts';
import type { QueueOptions } from '../options.ts';
import { Backlog } from './backlog.ts';
import type { PushConsumption } from './consumption.ts';
import type { EngineContext } from './context.ts';
import { QueueCounters } from './counters.ts';
import { DiskRemoval } from './disk-removal.ts';
import { Dispatcher } from './dispatcher.ts';
import { Entry, type EntryHome } from './entry.ts';
import type { Failure } from './failure.ts';
import { HotShare } from './hot-window.ts';
import { Leases } from './leases.ts';
import { ReadyList } from './ready-list.ts';
import { Schedule } from './schedule.ts';
import { expire, expireLease, release, settleEntry } from './settlement.ts';
import type { Slot } from './slot.ts';
import { QueueTotals } from './totals.ts';
import { changeState, State } from './transitions.ts';

/** Deliveries in one turn of the event loop; a longer backlog goes on in the next turn, so that others get theirs. */
const deliveriesPerTurnMax = 1_000;

/**
 * One queue: what waits, what is leased, and who takes it. All of it runs on the main thread and synchronously; only rows
 * become durable later, by group commit.
 */
export class Queue implements EntryHome {
  readonly id: number;
  readonly name: string;
  readonly createdAt: number;
  readonly context: EngineContext;
  readonly counters: QueueCounters;
  readonly dispatcher: Dispatcher;
  readonly ready = new ReadyList();
  readonly backlog: Backlog;
  readonly schedule: Schedule;
  readonly hot: HotShare;
  readonly consumptions = new Set<PushConsumption>();
  readonly leases = new Leases(this);
  readonly totals = new QueueTotals();
  /** Sequences of messages that were removed where they lie on disk, until that is flushed: readers must not bring them back. */
  readonly takenOnDisk = new Set<number>();

  nextSequence = 1;
  /** All that is present: ready, scheduled and leased, in memory and on disk. */
  messages = 0;
  bytes = 0;
  leased = 0;
  removed = false;
  /** Delivers nothing more, because the engine stops. */
  stopped = false;
  #options: QueueOptions;
  #pumping = false;
  #pumpDue = false;

  constructor(id: number, name: string, createdAt: number, options: QueueOptions, context: EngineContext) {
    this.id = id;
    this.name = name;
    this.createdAt = createdAt;
    this.context = context;
    this.#options = options;
    this.counters = new QueueCounters(id, context.commit, () => this.#flushed());
    this.dispatcher = new Dispatcher(options.dispatch);
    this.backlog = new Backlog(this, context);
    this.schedule = new Schedule(this, context);
    this.hot = new HotShare(context.hot);
  }

  get options(): QueueOptions {
    return this.#options;
  }

  /** Messages that could be delivered, in memory or not. */
  get readyMessages(): number {
    return this.messages - this.leased - this.schedule.size;
  }

  /** Takes up what the disk holds, without reading any of it. */
  open(counters: Buffer): void {
    this.counters.load(counters);
    this.nextSequence = Math.max(1, this.counters.sequenceCeiling);
    this.messages = this.counters.messages;
    this.bytes = this.counters.bytes;
    this.schedule.open(this.counters.failures);
    this.backlog.open(this.messages - this.counters.failures);
  }

  change(options: QueueOptions): void {
    const { dispatch } = this.#options;
    this.#options = options;
    if (options.dispatch !== dispatch) this.dispatcher.use(options.dispatch);
    for (const consumption of this.consumptions) consumption.optionsChanged();
    this.leases.optionsChanged();
    this.pumpLater();
  }

  hasRoom(bytes: number): boolean {
    const { limits } = this.#options;
    if (limits.messages > 0 && this.messages >= limits.messages) return false;
    return limits.bytes === 0 || this.bytes + bytes <= limits.bytes;
  }

  /** Stages a new message at the end. It is delivered by the next `pump`. */
  append(record: Buffer): Entry {
    const entry = new Entry(this, this.takeSequence(), record);
    this.totals.enqueued++;
    this.messages++;
    this.bytes += record.length;
    if (this.#keepsInMemory()) {
      this.hot.add(record.length);
      this.ready.push(entry);
    } else {
      this.backlog.spill(entry);
    }
    this.stage(entry, record.length);
    return entry;
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

  /** Delivers a message that has just arrived with its own payload, as long as it is in this turn's hands. */
  pumpArriving(entry: Entry, message: Message): void {
    entry.arriving = message;
    this.pump();
    entry.arriving = undefined;
  }

  /** Hands ready messages to consumers with credit, oldest first. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      this.#deliverReady();
    } finally {
      this.#pumping = false;
    }
  }

  pumpLater(): void {
    if (this.#pumpDue) return;
    this.#pumpDue = true;
    setImmediate(() => {
      this.#pumpDue = false;
      this.pump();
    });
  }

  /** Takes a message away that nobody holds, and its rows with the next batch. */
  discard(entry: Entry): void {
    const scheduled = entry.state === State.scheduled;
    changeState(entry, State.removed);
    if (scheduled) this.schedule.forget(entry);
    else this.ready.forget();
    this.depart(entry);
  }

  /** Books a message out of memory's counts and stages the removal of its rows. */
  depart(entry: Entry): void {
    this.messages--;
    this.bytes -= entry.record.length;
    this.hot.remove(entry.record.length);
    if (entry.stored) this.stage(entry);
  }

  /** The same for one that is on disk alone. */
  discardOnDisk(sequence: number, bytes: number, failure: Failure | undefined): void {
    this.messages--;
    this.bytes -= bytes;
    if (failure === undefined) this.backlog.taken();
    else this.schedule.taken();
    this.takenOnDisk.add(sequence);
    this.context.commit.stage(new DiskRemoval(this, sequence, bytes, failure));
  }

  settle(entry: Entry, settlement: Settlement): boolean {
    if (entry.state === State.leased) {
      settleEntry(this, entry, settlement);
      this.pump();
      return true;
    }
    if (entry.lost) this.#releaseLostSlot(entry);
    return false;
  }

  leaseExpired(entry: Entry, now: number): void {
    expireLease(this, entry, now);
    this.pump();
  }

  due(entry: Entry): void {
    this.schedule.forget(entry);
    changeState(entry, State.ready);
    this.ready.putBack(entry);
    this.pump();
  }

  /** Takes a leased entry from its holder. */
  endLease(entry: Entry): void {
    this.context.leases.remove(entry);
    this.leased--;
    const { slot } = entry;
    if (slot === undefined) return;
    slot.unlink(entry);
    if (entry.lost) return;
    slot.inflight--;
    this.dispatcher.changed(slot);
    if (entry.token !== undefined) slot.taker.ended(entry);
  }

  /** Delivers nothing more, takes back what is held, and ends those who consume or wait. */
  end(reason: SluiceError, waiting: SluiceError | undefined): void {
    this.stopped = true;
    for (const slot of this.dispatcher.slots) for (const entry of slot.held()) release(this, entry);
    this.schedule.stop();
    this.leases.end(waiting);
    for (const consumption of [...this.consumptions]) consumption.end(reason);
    this.ready.clear();
    this.hot.clear();
  }

  #deliverReady(): void {
    const now = this.context.clock.now();
    for (let budget = deliveriesPerTurnMax; this.#canDeliver(); budget--) {
      if (budget === 0) {
        this.pumpLater();
        return;
      }
      const entry = this.#nextReady();
      if (entry === undefined) return;
      if (entry.hasExpired(now)) expire(this, entry, now);
      else this.#lease(entry, this.dispatcher.next() as Slot, now);
    }
  }

  #canDeliver(): boolean {
    const { paused, maxInflight } = this.#options;
    return this.dispatcher.hasAvailable && this.leased < maxInflight && !paused && !this.stopped && !this.removed;
  }

  #nextReady(): Entry | undefined {
    if (this.schedule.wanted) this.schedule.load();
    if (this.ready.size === 0 && this.backlog.size > 0) this.backlog.load();
    return this.ready.shift();
  }

  #lease(entry: Entry, slot: Slot, now: number): void {
    changeState(entry, State.leased);
    this.leased++;
    this.totals.delivered++;
    if (entry.deliveries++ > 0) this.totals.redelivered++;
    slot.hold(entry);
    this.dispatcher.changed(slot);
    this.context.leases.set(entry, now + this.#options.leaseMs);
    slot.taker.take(entry);
  }

  /** New messages must wait behind those on disk; and where memory is full, a consumer that waits takes one all the same. */
  #keepsInMemory(): boolean {
    if (this.backlog.size > 0) return false;
    return this.hot.hasRoom || (this.ready.size === 0 && this.#canDeliver());
  }

  #releaseLostSlot(entry: Entry): void {
    entry.lost = false;
    const { slot } = entry;
    if (slot === undefined) return;
    slot.inflight--;
    this.dispatcher.changed(slot);
    this.pump();
  }

  #flushed(): void {
    this.schedule.flushed();
    if (this.backlog.size > 0) this.pump();
  }
}
