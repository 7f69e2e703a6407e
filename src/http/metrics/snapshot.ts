import type { QueueNumbers } from '../../queues/queue-numbers.ts';
import type { QueueWatch } from '../../queues/queue-watch.ts';
import type { PlatformMetrics } from './platform-metrics.ts';

/** Queues that the metrics name one by one; the rest is left out and counted in `sluice_metrics_queues_omitted`. */
const queuesMax = 1_000;

/** Everything that one scrape shows. */
export interface Snapshot {
  readonly queues: readonly { readonly name: string; readonly numbers: QueueNumbers }[];
  readonly queuesOmitted: number;
  readonly platform: PlatformMetrics;
  readonly http: {
    readonly connections: number;
    readonly longPolls: number;
    readonly bodiesBytes: number;
    readonly bodiesRefused: number;
    readonly requests: RequestCounts;
  };
}

/** Answered requests by method, route and status. The routes are those of the contract, so that it stays small. */
export type RequestCounts = ReadonlyMap<string, { readonly labels: RequestLabels; count: number }>;

export interface RequestLabels {
  readonly method: string;
  readonly route: string;
  readonly status: string;
}

export async function takeSnapshot(
  watch: QueueWatch,
  platform: PlatformMetrics,
  http: Snapshot['http'],
): Promise<Snapshot> {
  const { queues, left } = await watch.first(queuesMax);
  return { queues, queuesOmitted: left, platform, http };
}
