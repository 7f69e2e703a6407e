import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Engine } from '../../queues/engine.ts';
import type { MetricRow } from './metric-row.ts';
import { metricTable } from './metric-table.ts';
import type { PlatformMetrics } from './platform-metrics.ts';
import { type RequestLabels, type Snapshot, takeSnapshot } from './snapshot.ts';

export interface MetricsPageParts {
  readonly engine: Engine;
  readonly platform: () => PlatformMetrics;
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

  async render(): Promise<{ text: string; contentType: string }> {
    const { engine, platform, http } = this.#parts;
    const snapshot = await takeSnapshot(engine, platform(), { ...http(), requests: this.#requests });
    const registry = new Registry();
    for (const row of metricTable) fill(registry, row, snapshot);
    const text = `${await registry.metrics()}\n${await this.#process.metrics()}`;
    return { text, contentType: registry.contentType };
  }
}

function fill(registry: Registry, { name, type, help, labels, read }: MetricRow, snapshot: Snapshot): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === 'counter') {
    const counter = new Counter(options);
    for (const { labels: values, value } of read(snapshot)) counter.inc({ ...values }, value);
  } else {
    const gauge = new Gauge(options);
    for (const { labels: values, value } of read(snapshot)) gauge.set({ ...values }, value);
  }
}
