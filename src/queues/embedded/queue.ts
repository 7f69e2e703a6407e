import type { SluiceError } from '../../errors.ts';
import type { Message, Settlement } from '../../message.ts';
import type { QueueOptions } from '../options.ts';
import { Backlog } from './backlog.ts';
import type { PushConsumption } from './consumption.ts';
import type { EngineContext } from './context.ts';
import { DiskRemoval } from './disk-removal.ts';
import { Entry } from './entry.ts';
import { Leases } from './leases.ts';
import { QueueCore, type StoredRow } from './queue-core.ts';
import { Schedule } from './schedule.ts';
import { buryDamaged, expire, expireLease, release, settleEntry } from './settlement.ts';
import type { Slot } from './slot.ts';
import { changeState, State } from './transitions.ts';

/** Deliveries in one turn of the event loop; a longer backlog goes on in the next turn, so that others get theirs. */
const deliveriesPerTurnMax = 1_000;

/**
 * One queue: what waits, what is leased, and who takes it. All of it runs on the main thread and synchronously; only rows
 * become durable later, by group commit.
 */
export class Queue extends QueueCore {
  readonly backlog: Backlog;
  readonly schedule: Schedule;
  readonly leases = new Leases(this);
  readonly consumptions = new Set<PushConsumption>();
  #pumping = false;

  constructor(id: number, name: string, createdAt: number, options: QueueOptions, context: EngineContext) {
    super(id, name, createdAt, options, context);
    this.backlog = new Backlog(this, context);
    this.schedule = new Schedule(this, context);
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
    this.schedule.open(this.counters.waiting);
    this.backlog.open(this.messages - this.counters.waiting);
  }

  change(options: QueueOptions): void {
    const { dispatch } = this.options;
    this.options = options;
    if (options.dispatch !== dispatch) this.dispatcher.use(options.dispatch);
    for (const consumption of this.consumptions) consumption.optionsChanged();
    this.leases.optionsChanged();
    this.pumpLater();
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

  /** Delivers a message that has just arrived with its own payload, as long as it is in this turn's hands. */
  pumpArriving(entry: Entry, message: Message): void {
    entry.arriving = message;
    this.pump();
    entry.arriving = undefined;
  }

  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      this.#deliverReady();
    } finally {
      this.#pumping = false;
    }
  }

  /** Takes a message away that nobody holds, and its rows with the next batch. */
  discard(entry: Entry): void {
    const scheduled = entry.state === State.scheduled;
    changeState(entry, State.removed);
    if (scheduled) this.schedule.forget(entry);
    else this.ready.forget();
    this.depart(entry);
  }

  /** The same for one that is on disk alone. */
  discardOnDisk({ lane, sequence, record, waiting }: StoredRow): void {
    this.messages--;
    this.bytes -= record.length;
    if (waiting === undefined) this.backlog.taken();
    else this.schedule.taken();
    this.takenOnDisk.add(sequence);
    this.context.commit.stage(new DiskRemoval(this, lane, sequence, record.length, waiting));
  }

  damaged(row: StoredRow, damage: string): void {
    this.discardOnDisk(row);
    buryDamaged(this, row, damage);
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

  extend(entry: Entry, leaseMs: number): boolean {
    if (!entry.held) return false;
    this.context.leases.set(entry, this.context.clock.now() + leaseMs);
    return true;
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
      else this.#lease(entry, this.dispatcher.next() as Slot<Entry>, now);
    }
  }

  #canDeliver(): boolean {
    const { paused, maxInflight } = this.options;
    return this.dispatcher.hasAvailable && this.leased < maxInflight && !paused && !this.stopped && !this.removed;
  }

  #nextReady(): Entry | undefined {
    if (this.schedule.wanted) this.schedule.load();
    if (this.ready.size === 0 && this.backlog.size > 0) this.backlog.load();
    return this.ready.shift();
  }

  #lease(entry: Entry, slot: Slot<Entry>, now: number): void {
    changeState(entry, State.leased);
    this.leased++;
    this.totals.delivered++;
    if (entry.deliveries++ > 0) this.totals.redelivered++;
    slot.hold(entry);
    this.dispatcher.changed(slot);
    this.context.leases.set(entry, now + this.options.leaseMs);
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
    this.freePlace(slot, entry);
    this.pump();
  }

  protected flushed(): void {
    this.schedule.flushed();
    if (this.backlog.size > 0) this.pump();
  }
}
