import type { Consumer, Consumption, Delivery, Destination, Message, Settlement } from '../message.ts';
import type { QueueOptions } from './options.ts';

/**
 * The queue model as the platform speaks it. Nothing here assumes one process, a synchronous answer or sequences without
 * gaps; what only one engine can promise is listed in `capabilities`.
 */
export interface Engine {
  readonly capabilities: ReadonlySet<EngineCapability>;
  start(): Promise<void>;
  /** Returns leases, flushes what was admitted, then closes. */
  stop(): Promise<void>;

  /** Makes the queue or changes it to these options; durable when the promise resolves. Rejects with `conflict` where an option cannot change. */
  declare(name: string, options: Partial<QueueOptions>): Promise<QueueInfo>;
  /** Removes the queue with its messages. Rejects with `queue_not_found`. */
  remove(name: string): Promise<void>;
  list(): Promise<readonly QueueInfo[]>;
  /** Rejects with `queue_not_found`. */
  info(name: string): Promise<QueueInfo>;

  /** All queues bound to this topic, as one place that admits a message to all of them or to none. */
  route(topic: string): Destination | undefined;
  /** One queue by its name, for a publish that is addressed to the queue. Rejects (through the receipt) when it does not exist. */
  destination(queue: string): Destination;
  /** Told in the turn in which a binding comes or goes, a queue goes, or the dead letters of one go elsewhere. */
  onRoutesChanged(listener: () => void): void;

  /** Shares the queue's messages with its other consumers, at most `credit` unsettled at a time. Rejects with `queue_not_found`. */
  consume(queue: string, consumer: Consumer, credit: number): Promise<Consumption>;
  /** Takes up to `max` messages at once for one who will settle by token; waits up to `waitMs` for the first. */
  lease(queue: string, request: LeaseRequest): Promise<readonly LeasedMessage[]>;
  /** Settles by token. Durable when the promise resolves; one answer per token, `lease_lost` where it is no longer held. */
  settle(queue: string, tokens: readonly string[], settlement: Settlement): Promise<readonly SettleResult[]>;
  /** Moves the deadline of leases to `leaseMs` from now. */
  extend(queue: string, tokens: readonly string[], leaseMs: number): Promise<readonly SettleResult[]>;

  /** Reads without consuming, in sequence order. */
  browse(queue: string, request: BrowseRequest): Promise<BrowsePage>;
  /** Removes every message that is not leased; answers how many. */
  purge(queue: string): Promise<number>;
  /** Copies messages to another queue and deletes them here, each in one commit. */
  move(request: MoveRequest): Promise<MoveResult>;
  /** Puts a message that no consumer of this queue will ever see straight into its dead letters; durable when the promise resolves. */
  bury(queue: string, message: Message, death: Pick<Death, 'code' | 'reason' | 'headers'>): Promise<void>;
  stats(queue: string): Promise<QueueStats>;
}

/** `atomic-fanout`: a publish that matches several queues is admitted to all in one commit. */
export type EngineCapability = 'atomic-fanout';

export interface QueueInfo {
  readonly name: string;
  readonly options: QueueOptions;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export type MessageState = 'scheduled' | 'ready' | 'leased';

export interface LeaseRequest {
  readonly consumerId: string;
  readonly max: number;
  readonly waitMs: number;
  /** The queue's `lease` when absent. */
  readonly leaseMs?: number;
}

export interface LeasedMessage {
  readonly token: string;
  readonly delivery: Omit<Delivery, 'settle' | 'held'>;
  /** Epoch milliseconds. */
  readonly leaseUntil: number;
}

export type SettleResult =
  | { readonly token: string; readonly ok: true }
  | { readonly token: string; readonly ok: false; readonly code: 'lease_lost' };

export interface BrowseRequest {
  /** First sequence to look at; 0 for the start. */
  readonly from: number;
  readonly limit: number;
  /** Only messages for which this answers true. It sees what `StoredMessage` holds. */
  readonly match?: (stored: StoredMessage) => boolean;
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

/** Why a message is in a dead-letter queue. */
export interface Death {
  readonly queue: string;
  readonly sequence: number;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
  /** What the consumer that rejected it added: for the pipeline the stage, driver, fingerprint. */
  readonly headers: readonly (readonly [string, string])[];
}

export interface MoveRequest {
  readonly from: string;
  /** For dead letters the default is the queue that each came from. */
  readonly to?: string;
  readonly match?: (stored: StoredMessage) => boolean;
  /** Changes the message on its way. */
  readonly edit?: (message: Message) => Message;
  readonly limit?: number;
  /** Counts and samples what would move, and moves nothing. */
  readonly dryRun?: boolean;
}

export interface MoveResult {
  readonly moved: number;
  readonly matched: number;
  readonly skipped: readonly { readonly sequence: number; readonly reason: string }[];
}

export interface QueueStats {
  readonly ready: number;
  readonly leased: number;
  readonly scheduled: number;
  readonly bytes: number;
  readonly consumers: number;
  /** Age in milliseconds of the oldest ready message; 0 when there is none. */
  readonly oldestReadyAgeMs: number;
  /** Totals since the process started. */
  readonly enqueued: number;
  readonly delivered: number;
  readonly redelivered: number;
  readonly acknowledged: number;
  readonly released: number;
  readonly failed: number;
  readonly expired: number;
  readonly deadLettered: number;
  /** Removed without a trace: purged, or dead where the queue keeps no dead letters. */
  readonly dropped: number;
  /** Moved to another queue. */
  readonly moved: number;
  /** Publishes that were refused. */
  readonly rejected: number;
  /** Acknowledged before their batch closed, so never written. */
  readonly elided: number;
}
