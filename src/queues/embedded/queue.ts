import type { SluiceError } from '../../errors.ts';
import type { Message, Settlement } from '../../message.ts';
import type { Departure } from '../causes/dead-letter-groups.ts';
import type { QueueOptions } from '../options.ts';
import { KeptCauses } from './causes/kept-causes.ts';
import type { EngineContext } from './context.ts';
import { DiskRemoval } from './disk-removal.ts';
import { Entrance } from './entrance.ts';
import type { Entry } from './entry.ts';
import { canDropLower, canMakeRoom, dropLower, makeRoom } from './eviction.ts';
import { ExpirySweeper } from './expiry-sweeper.ts';
import { Intake } from './intake.ts';
import { KeyGate } from './key-gate.ts';
import { LaneSelector } from './lane-selector.ts';
import { Lanes } from './lanes.ts';
import { LastValueSelector } from './last-value-selector.ts';
import { LastValues } from './last-values.ts';
import { laneOf } from './placement.ts';
import { QueueCore } from './queue-core.ts';
import { scan } from './scan.ts';
import { Schedule } from './schedule.ts';
import type { Selector } from './selector.ts';
import { buryDamaged, expire, expireLease, release, settleEntry } from './settlement.ts';
import type { StoredRow } from './stored-row.ts';
import { changeState, State } from './transitions.ts';

/**
 * A work queue: what waits, what is leased, and who takes it. All of it runs on the main thread and synchronously; only
 * rows become durable later, by group commit.
 */
export class Queue extends QueueCore {
  readonly lanes: Lanes;
  readonly schedule: Schedule;
  readonly selector: Selector;
  /** Set where the queue keeps the newest message of a key alone. */
  readonly lastValues: LastValueSelector | undefined;
  readonly expiry = new ExpirySweeper(this);
  readonly intake = new Intake(this);
  readonly entrance: Entrance;
  readonly causes = new KeptCauses(this, (end, visit) => scan(this, 0, end, visit));

  constructor(id: number, name: string, createdAt: number, options: QueueOptions, context: EngineContext) {
    super(id, name, createdAt, options, context);
    this.entrance = new Entrance(id, name, options, context);
    const lanes = new Lanes(this);
    const schedule = new Schedule(this, context);
    const { hot, delivery } = this;
    this.lanes = lanes;
    this.schedule = schedule;
    const byLane = new LaneSelector({
      lanes,
      schedule,
      hot,
      options: () => this.options,
      now: () => context.clock.now(),
      canDeliver: () => delivery.canDeliver,
      isInMemory: () => this.isInMemory,
    });
    const { key } = options.lastValue;
    const ordered = options.ordering === 'none' && key === null ? byLane : this.#gate(byLane);
    this.lastValues = key === null ? undefined : new LastValueSelector(this, ordered, new LastValues(id, key, context));
    this.selector = this.lastValues ?? ordered;
  }

  /** Messages that could be delivered, in memory or not. */
  get readyMessages(): number {
    return this.messages - this.delivery.leased - this.schedule.size;
  }

  get readyInMemory(): number {
    return this.lanes.readyInMemory;
  }

  /** Takes up what the disk holds, without reading any of it. */
  open(counters: Buffer): void {
    this.counters.load(counters);
    this.nextSequence = Math.max(1, this.counters.sequenceCeiling);
    this.messages = this.counters.messages;
    this.bytes = this.counters.bytes;
    this.schedule.open(this.counters.waiting);
    for (const [number, lane] of this.counters.lanes.entries()) {
      this.lanes.of(number).backlog.open(lane.messages - lane.waiting);
    }
    this.causes.open();
    if (this.messages > 0) this.expiry.open();
  }

  change(options: QueueOptions): void {
    const wasInMemory = this.isInMemory;
    const { dispatch, singleActiveConsumer, ttlMs } = this.options;
    this.options = options;
    if (options.dispatch !== dispatch || options.singleActiveConsumer !== singleActiveConsumer)
      this.delivery.dispatcher.use(options);
    if (wasInMemory && !this.isInMemory) this.#writeAll();
    if (!wasInMemory && this.isInMemory) this.causes.keepInMemory();
    this.intake.optionsChanged();
    if (options.ttlMs !== ttlMs) this.expiry.ttlChanged();
    this.entrance.change(options);
    if (this.blocked > 0) this.context.roomMade();
    this.delivery.optionsChanged();
  }

  /** Whether it takes a message though it is full. */
  canMakeRoom(bytes: number, message: Message): boolean {
    if (this.#hasRoomInPlace(bytes, message)) return true;
    const { overflow, priorities } = this.options;
    if (overflow === 'drop_oldest') return canMakeRoom(this, bytes);
    return overflow === 'drop_lowest_priority' && canDropLower(this, bytes, laneOf(message, priorities));
  }

  /**
   * Drops what has to go for a message of so many bytes, in a queue that drops. Another one had room when it was asked: where
   * a queue of the same publish has taken the last place in memory since, it takes one message too many.
   */
  makeRoom(bytes: number, message: Message): void {
    const { overflow, priorities } = this.options;
    if (!overflow.startsWith('drop') || this.hasRoom(bytes) || this.#hasRoomInPlace(bytes, message)) return;
    if (overflow === 'drop_lowest_priority') dropLower(this, bytes, laneOf(message, priorities));
    else makeRoom(this, bytes);
  }

  /** Takes a message away that nobody holds, and its rows with the next batch. */
  discard(entry: Entry, why: Departure): void {
    const scheduled = entry.state === State.scheduled;
    changeState(entry, State.removed);
    if (scheduled) {
      this.schedule.forget(entry);
      this.selector.departed(entry);
    } else {
      this.selector.withdrawn(entry);
    }
    this.depart(entry, why);
    // Others of its key may have waited for it.
    this.delivery.pumpLater();
  }

  /** The same for one that is on disk alone. */
  discardOnDisk(row: StoredRow, why: Departure): void {
    this.#removeOnDisk(row);
    this.causes.departed(row.sequence, row.record, why);
  }

  damaged(row: StoredRow, damage: string): void {
    this.#removeOnDisk(row);
    this.causes.doubted();
    buryDamaged(this, row, damage);
  }

  settle(entry: Entry, settlement: Settlement): boolean {
    if (entry.held) {
      settleEntry(this, entry, settlement);
      // Most queues are consumed as they fill: then nothing waits for the place that is free now.
      if (this.messages > this.delivery.leased) this.delivery.pump();
      return true;
    }
    if (entry.lost) this.delivery.answeredLate(entry);
    return false;
  }

  release(entry: Entry): void {
    release(this, entry);
  }

  leaseExpired(entry: Entry, now: number): void {
    expireLease(this, entry, now);
    this.delivery.pump();
  }

  expire(entry: Entry, now: number): void {
    expire(this, entry, now);
  }

  due(entry: Entry): void {
    // Removed, and not taken out of the heap yet.
    if (this.closed) return;
    this.schedule.forget(entry);
    changeState(entry, State.ready);
    this.selector.returned(entry);
    // Thousands can be due in one moment, and one look at what is ready does for all of them.
    this.delivery.pumpLater();
  }

  /** Delivers nothing more, takes back what is held, and ends those who consume or wait. */
  end(reason: SluiceError, waiting: SluiceError | undefined): void {
    this.stopped = true;
    this.delivery.end(reason, waiting);
    this.schedule.stop();
    this.expiry.stop();
    this.entrance.stop();
    this.lanes.clear();
    this.hot.clear();
  }

  /** Whether the message takes the place of one that waits, and there is room for what it is larger. */
  #hasRoomInPlace(bytes: number, message: Message): boolean {
    const replaced = this.lastValues?.bytesReplaced(message);
    if (replaced === undefined) return false;
    const { limits } = this.options;
    if (bytes > replaced && this.isInMemory && !this.hot.hasRoom) return false;
    return limits.bytes === 0 || this.bytes - replaced + bytes <= limits.bytes;
  }

  #removeOnDisk(row: StoredRow): void {
    this.messages--;
    this.bytes -= row.record.length;
    if (row.waiting !== undefined) this.schedule.taken();
    this.selector.withdrawnOnDisk(row);
    this.takenOnDisk.add(row.sequence);
    if (this.blocked > 0) this.context.roomMade();
    this.context.commit.stage(new DiskRemoval(this, row));
    this.delivery.pumpLater();
  }

  /** What came while nothing was written. */
  #writeAll(): void {
    this.causes.writeAll();
    this.lastValues?.writeAll();
    for (const entry of this.schedule.inMemory) this.#write(entry);
    for (const entry of this.selector.inMemory()) this.#write(entry);
    for (const entry of this.delivery.held()) this.#write(entry);
  }

  #write(entry: Entry): void {
    if (!entry.stored) {
      this.lanes.of(entry.lane).backlog.written(entry.sequence);
      this.schedule.written(entry);
    }
    this.stage(entry);
  }

  #gate(inner: Selector): Selector {
    return new KeyGate({
      inner,
      failedBefore: this.schedule.failedBefore,
      goOnLater: () => this.delivery.pumpLater(),
      isTotal: this.options.ordering === 'total',
    });
  }

  protected flushed(): void {
    this.schedule.flushed();
    this.lanes.flushed();
    if (this.lanes.onDiskAlone > 0) this.delivery.pump();
  }
}
