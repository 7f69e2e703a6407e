import type { Consumer, Consumption, Credit, Death, Delivery, Destination, Message, Settlement } from '../message.ts';
import type { DeadLetterGroups } from './causes/dead-letter-groups.ts';
import type { GroupStart } from './group-start.ts';
import type { MovePreview, MoveSpec, MoveStatus } from './move-spec.ts';
import type { GivenQueueOptions, QueueOptions } from './options.ts';
import type { QueueStats } from './queue-stats.ts';

/**
 * The queue model as the platform speaks it. Nothing here assumes one process, a synchronous answer or sequences without
 * gaps; what not every engine can promise is listed in `capabilities`. A call for what is not there is refused with
 * `not_supported`, naming the capability.
 */
export interface Engine extends QueueAdministration, Enqueueing, Consuming, Looking, Moving, Groups {
  readonly capabilities: ReadonlySet<EngineCapability>;
  start(): Promise<void>;
  /**
   * Hands nothing out any more, and waits up to `waitMs` until everything that is held is settled. Answers how many messages still
   * are held: they can be settled until `stop`, and what is given back stays in its queue.
   */
  quiesce(waitMs: number): Promise<number>;
  /** Returns leases, flushes what was admitted, then closes. */
  stop(): Promise<void>;
}

export type EngineCapability =
  /** A publish that matches several queues is admitted to all in one commit. */
  | 'atomic-fanout'
  /** `ordering`, by key and total. */
  | 'ordering'
  | 'last-value'
  /** `priorities`, with ageing. */
  | 'priorities'
  /** `delayMs` and a delay of each message. */
  | 'delay'
  /** `ttlMs`, without a consumer too. */
  | 'expiry'
  | 'deduplication'
  /** `overflow` beyond refusing. */
  | 'overflow'
  | 'rate-limits'
  /** Bindings by user properties. */
  | 'headers'
  /** `durability` beyond flushing. */
  | 'durability'
  /** `kind` log, with groups, positions and `seek`. */
  | 'logs'
  /** Moves as tasks, which outlive a restart. */
  | 'moves'
  /** `creditBytes` is kept to. */
  | 'byte-credit'
  /** `consumers` lists them. */
  | 'consumer-list'
  | 'events';

export interface QueueAdministration {
  /**
   * Makes the queue or changes what is given of its options; durable when the promise resolves. Rejects with `invalid_argument`,
   * and with `conflict` where an option of a queue that is there cannot change.
   */
  declare(name: string, options: GivenQueueOptions): Promise<QueueInfo>;
  /** Removes the queue with its messages. Rejects with `queue_not_found`. */
  remove(name: string): Promise<void>;
  /** May be the same list as before where nothing has changed since. */
  list(): Promise<readonly QueueInfo[]>;
  /** Rejects with `queue_not_found`. */
  info(name: string): Promise<QueueInfo>;
  /** Removes every message that is not leased; answers how many. */
  purge(queue: string): Promise<number>;
}

export interface Enqueueing {
  /** All queues bound to this topic, as one place that admits a message to all of them or to none. */
  route(topic: string): Destination | undefined;
  /** One queue by its name, for a publish that is addressed to the queue. Rejects (through the receipt) when it does not exist. */
  destination(queue: string): Destination;
  /** Told in the turn in which a binding comes or goes, a queue goes, or the dead letters of one go elsewhere. */
  onRoutesChanged(listener: () => void): void;
  /** Puts a message that no consumer of this queue will ever see straight into its dead letters; durable when the promise resolves. */
  bury(queue: string, message: Message, death: Pick<Death, 'code' | 'reason' | 'headers'>): Promise<void>;
}

export interface Consuming {
  /** Shares the queue's messages with its other consumers, within the credit. Rejects with `queue_not_found`. */
  consume(queue: string, consumer: Consumer, request: ConsumeRequest): Promise<Consumption>;
  /** Takes up to `max` messages at once for one who will settle by token; waits up to `waitMs` for the first. */
  lease(queue: string, request: LeaseRequest): Promise<readonly LeasedMessage[]>;
  /** Settles by token. Durable when the promise resolves; one answer per token, `lease_lost` where it is no longer held. */
  settle(queue: string, tokens: readonly string[], settlement: Settlement): Promise<readonly SettleResult[]>;
  /** Moves the deadline of leases to `leaseMs` from now; the queue's own when absent. */
  extend(queue: string, tokens: readonly string[], leaseMs?: number): Promise<readonly SettleResult[]>;
  /** Ends the requests of one who leases, with nothing, and gives back what they hold, uncounted. Nothing where nobody is called so. */
  leave(queue: string, consumerId: string): Promise<void>;
  /** Those who consume, push and pull. */
  consumers(queue: string): Promise<readonly ConsumerInfo[]>;
}

export interface Looking {
  /** Reads without consuming, in sequence order. */
  browse(queue: string, request: BrowseRequest): Promise<BrowsePage>;
  stats(queue: string): Promise<QueueStats>;
  /** What died, by cause; with `recount` counted anew from the messages. Rejects with `queue_not_found`. */
  deadLetterGroups(queue: string, options?: { readonly recount?: boolean }): Promise<DeadLetterGroups>;
  /**
   * Told in the turn in which it happens that a queue is created, changed or removed, a consumer joins or leaves, or a message
   * dies. Throws where there are none.
   */
  onEvent(listener: (event: QueueEvent) => void): void;
}

export interface Moving {
  /** Says what a move would do now, and does nothing. */
  previewMove(spec: MoveSpec): Promise<MovePreview>;
  /**
   * Begins a task that copies messages to another queue and deletes them here, each in one commit; it is durable when the
   * promise resolves, and goes on after a restart. Messages that come later are not meant. Of a log they are copied alone, in
   * one commit with how far it has come, so that none comes twice. Rejects with `queue_not_found`,
   * `invalid_argument`, `invalid_filter`, `invalid_topic` and, while too many run, `quota_exceeded`.
   */
  startMove(spec: MoveSpec): Promise<MoveStatus>;
  /** Waits up to `waitMs` for the end. What it tells is durable. Rejects with `not_found`. */
  moveStatus(id: string, waitMs?: number): Promise<MoveStatus>;
  /** Those that run, and the last that ended, newest first. */
  moves(): Promise<readonly MoveStatus[]>;
  /** What moved stays moved. Rejects with `not_found`; answers the status where it has ended already. */
  cancelMove(id: string): Promise<MoveStatus>;
  /**
   * Goes on with a move that was cancelled or failed, from where it was: it means what was there when it began. Rejects with
   * `not_found`, with `conflict` where it is done, and with `quota_exceeded`.
   */
  resumeMove(id: string): Promise<MoveStatus>;
}

/** Of a log: each group has a position of its own. */
export interface Groups {
  groups(queue: string): Promise<readonly GroupInfo[]>;
  /** Goes on from there for the whole group; what it holds is no longer its own. Makes the group where there is none. */
  seek(queue: string, group: string, start: GroupStart): Promise<GroupInfo>;
  /** Ends its consumers and forgets its position. Rejects with `not_found`. */
  removeGroup(queue: string, group: string): Promise<void>;
}

export interface QueueInfo {
  readonly name: string;
  readonly options: QueueOptions;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export type MessageState = 'scheduled' | 'ready' | 'leased';

export interface ConsumeRequest extends Credit {
  /** Of a log: whose position is shared. A work queue has one group, without a name. */
  readonly group?: string;
  /** Where a new group begins; the queue's `group.start` when absent. */
  readonly start?: GroupStart;
}

/**
 * How long one who holds nothing and asks for nothing is still taken for a consumer: between two polls that follow each other
 * nobody left, and whoever counts consumers sees no other number.
 */
export const pollGraceMs = 2_000;

export interface LeaseRequest {
  readonly consumerId: string;
  /** Who counts as having made a group that is made by being named; the consumer when absent. */
  readonly groupMaker?: string;
  readonly max: number;
  readonly waitMs: number;
  /** The queue's `leaseMs` when absent. */
  readonly leaseMs?: number;
  /** Most that this consumer may hold, over all its requests, if that is less than the queue lets it. */
  readonly heldMax?: number;
  /** As in `ConsumeRequest`. */
  readonly group?: string;
  /** False of one that nobody expects to ask again under this id: once idle, it has left. */
  readonly comesAgain?: boolean;
}

export interface LeasedMessage {
  readonly token: string;
  readonly delivery: Omit<Delivery, 'settle' | 'extend' | 'held'>;
  /** Epoch milliseconds. */
  readonly leaseUntil: number;
}

export type SettleResult =
  | { readonly token: string; readonly ok: true }
  | { readonly token: string; readonly ok: false; readonly code: 'lease_lost' | 'rate_limited' };

export interface ConsumerInfo {
  readonly id: string;
  /** Whether messages are pushed to it or it leases them. */
  readonly kind: 'push' | 'pull';
  /** Undefined in a work queue. */
  readonly group: string | undefined;
  /** Unsettled messages that it may hold now, those whose lease it lost without answering among them. */
  readonly limit: number;
  /** Those that it holds. */
  readonly inflight: number;
  /** Those that it lost: it still works on them as far as anyone knows, and gets nothing in their place. */
  readonly lost: number;
  /** Epoch milliseconds; `settledAt` is undefined before its first settlement. */
  readonly since: number;
  readonly settledAt: number | undefined;
}

export interface GroupInfo {
  readonly name: string;
  /** Everything below this sequence is settled. */
  readonly position: number;
  readonly leased: number;
  readonly scheduled: number;
  readonly consumers: number;
  /** Messages that are not settled, and the age of the oldest of them in milliseconds. */
  readonly lagMessages: number;
  readonly lagMs: number;
  /** At the pace of the last minute; undefined where nothing is settled. */
  readonly timeToDrainMs: number | undefined;
  /** Totals since the process started. */
  readonly acknowledged: number;
  /** How long the acknowledged ones were with their consumers, all together. */
  readonly heldMs: number;
  readonly failed: number;
  readonly deadLettered: number;
  /** Gone by retention before the group came to them. */
  readonly skipped: number;
}

export interface QueueEvent {
  readonly queue: string;
  readonly kind: QueueEventKind;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly detail: Readonly<Record<string, string | number | boolean>>;
}

export type QueueEventKind =
  | 'created'
  | 'changed'
  | 'removed'
  | 'consumer-joined'
  | 'consumer-left'
  /** A message failed for good, or its time ran out. */
  | 'dead'
  /** Publishes meet a limit; and there is room again. */
  | 'full'
  | 'room'
  | 'alert-raised'
  | 'alert-cleared';

export interface BrowseRequest {
  /** First sequence to look at; 0 for the start. */
  readonly from: number;
  readonly limit: number;
  /** Only messages for which this answers true. */
  readonly match?: MessageMatch;
}

/** Whether a message is meant, by what it is and by what it is counted in. */
export type MessageMatch = (stored: StoredMessage, counted: CountedIn) => boolean;

/** What the count of dead letters says of a message. */
export interface CountedIn {
  /** Whether its cause came when there were as many groups as there may be, so that it is counted in `other`. */
  isInOther(stored: Pick<StoredMessage, 'sequence' | 'death'>): boolean;
}

export interface BrowsePage {
  readonly messages: readonly StoredMessage[];
  /** Where to go on; undefined at the end. */
  readonly next: number | undefined;
}

export interface StoredMessage {
  readonly sequence: number;
  readonly state: MessageState;
  /** Deliveries that ended in a failure or a lost lease. */
  readonly attempts: number;
  readonly enqueuedAt: number;
  /** Epoch milliseconds, for a scheduled message. */
  readonly availableAt: number | undefined;
  readonly lastError: string | undefined;
  readonly message: Message;
  /** Where it comes from, for a dead letter. */
  readonly death: Death | undefined;
}
