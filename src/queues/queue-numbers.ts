import type { HistogramReading } from '../std/histogram.ts';
import type { AlertName } from './alerts.ts';
import type { GroupInfo } from './engine.ts';
import type { QueueDropReason, QueueStats, QueueTotalName } from './queue-stats.ts';

/** Everything that a queue shows: what the engine counts, and what follows from watching that. */
export interface QueueNumbers extends QueueStats {
  /** How fast the totals grew over the last half minute. */
  readonly perSecond: QueueRates;
  /** How many more wait after a minute, at the pace of the last half minute; below 0 where it gets less. */
  readonly growthPerMinute: number;
  /** How many die in a minute, at the pace of the last half minute. */
  readonly deadLettersPerMinute: number;
  /** Until nothing waits, at the pace of the last half minute; null where it does not get less. */
  readonly timeToDrainMs: number | null;
  /** Whether it delivers nothing because somebody paused it. */
  readonly paused: boolean;
  /** Whether it is at a limit. */
  readonly full: boolean;
  readonly desiredConsumers: number;
  /** Those that are raised. */
  readonly alerts: readonly AlertName[];
  /** Of a log. */
  readonly groups: readonly GroupNumbers[];
  /** How long the disk takes, in microseconds. All queues share it. */
  readonly commitUs: HistogramReading;
}

/** What a group of a log shows. */
export interface GroupNumbers extends GroupInfo {
  readonly desiredConsumers: number;
}

export type QueueRates = Readonly<Record<QueueTotalName, number>> & {
  readonly dropped: Readonly<Record<QueueDropReason, number>>;
};

export interface Sample<V = number> {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: V;
}

/** As Prometheus shows it, below `sluice_queue_` and beside the label `queue`. */
export type QueueMetric<V> = { readonly name: string; readonly help: string; readonly labels: readonly string[] } & (
  | { readonly type: 'gauge' | 'counter'; readonly read: (value: V) => readonly Sample[] }
  | { readonly type: 'histogram'; readonly read: (value: V) => readonly Sample<HistogramReading>[] }
);

/** One number: what it means, and where it is shown beside the HTTP API. */
export interface NumberRow<V> {
  readonly help: string;
  readonly form:
    | 'number'
    | 'number or null'
    | 'flag'
    | 'names'
    | 'numbers'
    | 'counts'
    | 'histogram'
    | 'groups'
    | 'causes';
  readonly metrics: readonly QueueMetric<V>[];
  /** Topics below `$SYS/queues/QUEUE/`. */
  readonly topics: readonly {
    readonly name: string;
    readonly help: string;
    readonly read: (value: V) => readonly (readonly [topic: string, value: string])[];
  }[];
}
