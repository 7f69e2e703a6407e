import type { HistogramReading } from '../std/histogram.ts';
import type { GroupLevel } from './causes/dead-letter-groups.ts';

/** Why a message was removed without a place to look at it again. */
export const queueDropReasons = {
  purged: 'Purged by an administrator',
  no_dead_letters: 'Failed for good in a queue without dead letters, or whose dead letters are in memory that is full',
  overflow: 'Made room for another at the limit of the queue',
  superseded: 'A newer message of the same key took its place',
  retention: 'Older than the log keeps, or beyond its size',
  damaged: 'Its record could not be read',
} as const;

export type QueueDropReason = keyof typeof queueDropReasons;

/** Which bound a group of a log was not made because of: the log has as many as it may, or its consumer has made as many as one may. */
export type GroupRefusal = 'log' | 'consumer';

/**
 * Levels of a queue now, and totals since the process started. Every message that has left is in exactly one of
 * `acknowledged`, `deadLettered`, `expired`, `dropped` and `moved`, so that `enqueued` and what was there at the start are
 * their sum and what is present: ready, leased and scheduled.
 */
export interface QueueStats {
  readonly ready: number;
  /** The same by level of priority, the lowest first. */
  readonly readyByPriority: readonly number[];
  readonly leased: number;
  readonly scheduled: number;
  readonly bytes: number;
  readonly consumers: number;
  /** Age in milliseconds of the oldest ready message; 0 when there is none. */
  readonly oldestReadyAgeMs: number;
  /** Publishes that wait for room. */
  readonly blocked: number;
  /** What is present in the queue that takes the dead letters of this one. */
  readonly deadLetters: number;
  /** How many causes they have, and of the largest ones how many each. */
  readonly deadLetterCauses: number;
  readonly deadLetterGroups: readonly GroupLevel[];

  readonly enqueued: number;
  readonly delivered: number;
  readonly redelivered: number;
  readonly acknowledged: number;
  readonly released: number;
  readonly failed: number;
  /** Of these, leases that ran out before the consumer answered. */
  readonly leasesExpired: number;
  /** Failed or rejected for good, and put into the dead letters. */
  readonly deadLettered: number;
  /** Ended by their time, wherever they went then. */
  readonly expired: number;
  readonly dropped: Readonly<Record<QueueDropReason, number>>;
  /** Moved to another queue. */
  readonly moved: number;
  /** Publishes that were refused. */
  readonly rejected: number;
  /** Groups of a log that were not made, because of a bound on how many there may be; of a work queue nothing. */
  readonly groupsRefused: Readonly<Partial<Record<GroupRefusal, number>>>;
  /** Publishes that were acknowledged and not taken in, because they had been before. */
  readonly duplicates: number;
  /** Acknowledged before their batch closed, so never written. */
  readonly elided: number;

  /** From a message's arrival to its first delivery. */
  readonly timeInQueueMs: HistogramReading;
  /** From a delivery to its acknowledgement. */
  readonly processingMs: HistogramReading;
}

/** What a queue says of those that died in it, wherever they are now. */
export type DeadLetterNumbers = Pick<QueueStats, 'deadLetters' | 'deadLetterCauses' | 'deadLetterGroups'>;

/** Those that only grow. */
export const queueTotalNames = [
  'enqueued',
  'delivered',
  'redelivered',
  'acknowledged',
  'released',
  'failed',
  'leasesExpired',
  'deadLettered',
  'expired',
  'moved',
  'rejected',
  'duplicates',
  'elided',
] as const satisfies readonly (keyof QueueStats)[];
export type QueueTotalName = (typeof queueTotalNames)[number];

/** All that left without a trace, for whatever reason. */
export function droppedOf({ dropped }: Pick<QueueStats, 'dropped'>): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}
