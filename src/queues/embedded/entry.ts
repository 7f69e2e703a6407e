import type { Death, Delivery, Message, Settlement } from '../../message.ts';
import type { Deadline } from '../../std/deadlines.ts';
import type { BatchWriter, StagedWrite } from '../../storage/staged-write.ts';
import type { QueueCounters } from './counters.ts';
import { messageKey, scheduleKey, stateKey } from './keys.ts';
import { deathOf, deliveredMessageOf, enqueuedAtOf, expiresAtOf, laneOf, seal } from './record.ts';
import type { Holding, Slot } from './slot.ts';
import { changeState, isPresent, State } from './transitions.ts';
import { encodeWaiting, type Waiting } from './waiting.ts';

/** What an entry needs of its queue. */
export interface EntryHome {
  readonly id: number;
  readonly name: string;
  /** The queue is gone and its rows with it. */
  readonly removed: boolean;
  readonly counters: QueueCounters;
  settle(entry: Entry, settlement: Settlement): boolean;
  extend(entry: Entry, leaseMs: number): boolean;
  leaseExpired(entry: Entry, now: number): void;
  due(entry: Entry, now: number): void;
}

/**
 * A message of a queue in memory, up to the end of its lease: what its consumer holds as the delivery, and what its batch
 * asks for rows. A message that goes back to waiting goes on as another entry, so that the consumer that had it cannot
 * settle it for the next one.
 */
export class Entry implements StagedWrite, Delivery, Deadline, Holding<Entry> {
  readonly home: EntryHome;
  readonly sequence: number;
  readonly record: Buffer;
  /** Changed by `changeState` alone. */
  state: State;
  waiting: Waiting | undefined = undefined;
  /** How often it was handed out, in this process. */
  deliveries = 0;

  /** Stands in an open batch. */
  staged = false;
  /** What the disk has, or will have with the batch that is being flushed. */
  stored = false;
  storedWaiting: Waiting | undefined = undefined;

  /** End of the lease, or when a scheduled message is due. */
  deadline = 0;
  heapIndex = -1;

  /** Who holds it, and its neighbours in the list of what that one holds. */
  slot: Slot<Entry> | undefined = undefined;
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;
  /** For a holder who settles by token. */
  token: string | undefined = undefined;
  /** The lease ended while a push consumer held it: its slot stays taken until it answers. */
  lost = false;

  /** The message as it arrived, during the turn of its arrival: its payload is a view that must not be kept. */
  arriving: Message | undefined = undefined;
  #decoded: Message | undefined = undefined;

  constructor(home: EntryHome, sequence: number, record: Buffer, state: State = State.ready) {
    this.home = home;
    this.sequence = sequence;
    this.record = record;
    this.state = state;
  }

  get message(): Message {
    if (this.arriving !== undefined) return this.arriving;
    this.#decoded ??= deliveredMessageOf(this.record);
    return this.#decoded;
  }

  get queue(): string {
    return this.home.name;
  }

  get attempt(): number {
    return this.attempts + 1;
  }

  get attempts(): number {
    return this.waiting === undefined ? 0 : this.waiting.attempts;
  }

  get enqueuedAt(): number {
    return enqueuedAtOf(this.record);
  }

  get lane(): number {
    return laneOf(this.record);
  }

  get bytes(): number {
    return this.record.length;
  }

  get death(): Death | undefined {
    return deathOf(this.record);
  }

  get held(): boolean {
    return this.state === State.leased;
  }

  settle(settlement: Settlement): boolean {
    return this.home.settle(this, settlement);
  }

  extend(leaseMs: number): boolean {
    return this.home.extend(this, leaseMs);
  }

  hasExpired(now: number): boolean {
    const at = expiresAtOf(this.record);
    return at !== 0 && at <= now;
  }

  /** Ends this entry; the one that is answered carries the message on, in state `to`. */
  succeed(to: State): Entry {
    const heir = new Entry(this.home, this.sequence, this.record, this.state);
    heir.waiting = this.waiting;
    heir.deliveries = this.deliveries;
    heir.stored = this.stored;
    heir.storedWaiting = this.storedWaiting;
    changeState(heir, to);
    changeState(this, State.succeeded);
    return heir;
  }

  /** Brings the rows on disk to what memory says: nothing at all for a message that came and went within one batch. */
  write(batch: BatchWriter): void {
    this.staged = false;
    if (this.state === State.succeeded || this.home.removed) return;
    const present = isPresent(this.state);
    if (present !== this.stored) this.#writeMessage(batch, present);
    const waiting = present ? this.waiting : undefined;
    if (waiting !== this.storedWaiting) this.#writeWaiting(batch, waiting);
  }

  #writeMessage(batch: BatchWriter, present: boolean): void {
    const { home, record, lane } = this;
    const key = messageKey(home.id, lane, this.sequence);
    if (present) {
      seal(record);
      batch.put('messages', key, record);
    } else {
      batch.remove('messages', key);
    }
    this.stored = present;
    home.counters.changed(batch, lane, present ? 1 : -1, present ? record.length : -record.length, 0);
  }

  #writeWaiting(batch: BatchWriter, waiting: Waiting | undefined): void {
    const { home, sequence, storedWaiting } = this;
    const key = stateKey(home.id, sequence);
    if (storedWaiting !== undefined)
      batch.remove('schedule', scheduleKey(home.id, storedWaiting.availableAt, sequence));
    if (waiting === undefined) {
      batch.remove('message-states', key);
    } else {
      batch.put('message-states', key, encodeWaiting(waiting));
      batch.put('schedule', scheduleKey(home.id, waiting.availableAt, sequence), Buffer.of(this.lane));
    }
    const change = (waiting === undefined ? 0 : 1) - (storedWaiting === undefined ? 0 : 1);
    this.storedWaiting = waiting;
    home.counters.changed(batch, this.lane, 0, 0, change);
  }
}
