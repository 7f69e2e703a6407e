import type { Death, Delivery, Message, Settlement } from '../../message.ts';
import type { Deadline } from '../../std/deadline-heap.ts';
import type { BatchWriter, StagedWrite } from '../../storage/staged-write.ts';
import { deathOf, deliveredMessageOf, enqueuedAtOf, keyHashOf, laneOf } from './record.ts';
import type { Holding, Slot } from './slot.ts';
import { changeState, State } from './transitions.ts';
import type { Waiting } from './waiting.ts';

/** Where an entry belongs: a work queue, or a group of a log. */
export interface EntryHome {
  readonly name: string;
  /** It was removed: what is held of it is nobody's any more. */
  readonly removed: boolean;
  settle(entry: Entry, settlement: Settlement): boolean;
  extend(entry: Entry, leaseMs: number | undefined): boolean;
  due(entry: Entry, now: number): void;
  /** Brings the rows of an entry to what memory says, while its batch closes. */
  writeEntry(entry: Entry, batch: BatchWriter): void;
}

/**
 * A message of a queue in memory, up to the end of its lease: what its consumer holds as the delivery, and what its batch
 * asks for rows. A message that goes back to waiting goes on as another entry, so that the consumer that had it cannot
 * settle it for the next one.
 */
export class Entry implements StagedWrite, Delivery, Deadline, Holding<Entry> {
  readonly home: EntryHome;
  readonly sequence: number;
  #record: Buffer;
  /** Changed by `changeState` alone. */
  state: State;
  waiting: Waiting | undefined = undefined;
  /** When it was handed out last: the lower 32 bits, which need no memory of their own. */
  leasedAt = 0;
  /** How often it was handed out, in this process. */
  deliveries = 0;

  /** Stands in an open batch. */
  staged = false;
  /** What the disk has, or will have with the batch that is being flushed. */
  stored = false;
  storedWaiting: Waiting | undefined = undefined;
  /** The record that is stored, where that is another one. */
  replaced: Buffer | undefined = undefined;

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

  #message: Message | undefined = undefined;

  constructor(home: EntryHome, sequence: number, record: Buffer, state: State = State.ready) {
    this.home = home;
    this.sequence = sequence;
    this.#record = record;
    this.state = state;
  }

  get record(): Buffer {
    return this.#record;
  }

  /** Another message takes its place, before anybody got it. */
  replaceRecord(record: Buffer): void {
    if (this.stored) this.replaced ??= this.#record;
    this.#record = record;
    this.#message = undefined;
  }

  get message(): Message {
    this.#message ??= deliveredMessageOf(this.record);
    return this.#message;
  }

  /** Lends it the message as it arrived, whose payload is a view that must not be kept. */
  lend(arriving: Message): void {
    this.#message = arriving;
  }

  /** The record alone says what the message is. */
  forgetMessage(): void {
    this.#message = undefined;
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

  get keyHash(): number {
    return keyHashOf(this.record);
  }

  get bytes(): number {
    return this.record.length;
  }

  get death(): Death | undefined {
    return deathOf(this.record);
  }

  get held(): boolean {
    return this.state === State.leased && !this.home.removed;
  }

  /** How long its present holder has it. */
  heldMs(now: number): number {
    return ((now | 0) - this.leasedAt) | 0;
  }

  settle(settlement: Settlement): boolean {
    return this.home.settle(this, settlement);
  }

  extend(leaseMs?: number): boolean {
    return this.home.extend(this, leaseMs);
  }

  /** Ends this entry; the one that is answered carries the message on, in state `to`. */
  succeed(to: State): Entry {
    const heir = new Entry(this.home, this.sequence, this.record, this.state);
    heir.waiting = this.waiting;
    heir.deliveries = this.deliveries;
    heir.stored = this.stored;
    heir.storedWaiting = this.storedWaiting;
    heir.replaced = this.replaced;
    changeState(heir, to);
    changeState(this, State.succeeded);
    return heir;
  }

  write(batch: BatchWriter): void {
    this.staged = false;
    if (this.state !== State.succeeded) this.home.writeEntry(this, batch);
  }
}
