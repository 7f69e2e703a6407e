import type { Sample } from '../../queues/queue-numbers.ts';
import type { HistogramReading } from '../../std/histogram.ts';
import type { Snapshot } from './snapshot.ts';

interface MetricFacts {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** A row whose samples are numbers. */
export interface NumberMetric extends MetricFacts {
  readonly type: 'counter' | 'gauge';
  readonly read: (snapshot: Snapshot) => readonly Sample[];
}

/** One of distributions, in seconds. */
export interface HistogramMetric extends MetricFacts {
  readonly type: 'histogram';
  /** How many of what was recorded make one second. */
  readonly perSecond: number;
  readonly read: (snapshot: Snapshot) => readonly Sample<HistogramReading>[];
}

/** One row a metric. Names as Prometheus has them: unit at the end, `_total` for what only grows. */
export type MetricRow = NumberMetric | HistogramMetric;
