import { collectDefaultMetrics, Registry } from 'prom-client';
import type { QueueWatch } from '../../queues/queue-watch.ts';
import { nextTurn } from '../../std/in-slices.ts';
import { expose } from './exposition.ts';
import { metricTable } from './metric-table.ts';
import type { PlatformMetrics } from './platform-metrics.ts';
import { type RequestLabels, type Snapshot, takeSnapshot } from './snapshot.ts';

export interface MetricsPageParts {
  readonly watch: QueueWatch;
  readonly platform: () => Promise<PlatformMetrics>;
  readonly http: () => Omit<Snapshot['http'], 'requests'>;
}

/** `/metrics`: filled from plain counts at the moment of asking, so that counting costs nothing in between. */
export class MetricsPage {
  readonly #parts: MetricsPageParts;
  readonly #process = new Registry();
  readonly #requests = new Map<string, { readonly labels: RequestLabels; count: number }>();

  constructor(parts: MetricsPageParts) {
    this.#parts = parts;
  }

  /** Begins to watch the process: memory, CPU, pauses of the garbage collector. */
  start(): void {
    collectDefaultMetrics({ register: this.#process });
  }

  countRequest(method: string, route: string, status: number): void {
    const key = `${method} ${route} ${status}`;
    const entry = this.#requests.get(key);
    if (entry === undefined) this.#requests.set(key, { labels: { method, route, status: String(status) }, count: 1 });
    else entry.count++;
  }

  /** A few rows in a turn, so that a thousand queues hold up nobody. */
  async render(): Promise<{ text: string; contentType: string }> {
    const { watch, platform, http } = this.#parts;
    const snapshot = await takeSnapshot(watch, await platform(), { ...http(), requests: this.#requests });
    const pieces: string[] = [];
    let turnEnds = performance.now() + turnMs;
    for (const row of metricTable) {
      pieces.push(expose(row, snapshot));
      if (performance.now() < turnEnds) continue;
      await nextTurn();
      turnEnds = performance.now() + turnMs;
    }
    pieces.push('\n', await this.#process.metrics());
    return { text: pieces.join(''), contentType: this.#process.contentType };
  }
}

/** After this long others have their turn. */
const turnMs = 5;
