import type { Snapshot } from './snapshot.ts';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One row a metric. Names as Prometheus has them: unit at the end, `_total` for what only grows. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (snapshot: Snapshot) => Sample[];
}
