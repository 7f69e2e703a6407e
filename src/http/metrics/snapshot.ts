import type { Engine } from '../../queues/engine.ts';
import type { QueueStats } from '../../queues/queue-stats.ts';
import type { PlatformMetrics } from './platform-metrics.ts';

/** Queues that the metrics name one by one; the rest is left out and counted in `sluice_metrics_queues_omitted`. */
const queuesMax = 1_000;

/** Everything that one scrape shows. */
export interface Snapshot {
  readonly queues: readonly { readonly name: string; readonly stats: QueueStats }[];
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
  engine: Engine,
  platform: PlatformMetrics,
  http: Snapshot['http'],
): Promise<Snapshot> {
  const all = await engine.list();
  const shown = all.slice(0, queuesMax);
  // A queue may be removed between the two answers; its numbers are of no interest then.
  const answers = await Promise.allSettled(shown.map(async ({ name }) => ({ name, stats: await engine.stats(name) })));
  const queues = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  return { queues, queuesOmitted: all.length - shown.length, platform, http };
}
