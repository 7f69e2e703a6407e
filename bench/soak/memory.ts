import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { SluiceBroker } from '../sluice.ts';

const mebibyte = 1024 * 1024;
/** Of the samples; before that the server warms up. */
const warmUpShare = 0.3;

/** MiB. `anonymous` leaves out pages of files, such as those of the database, which the system takes back when it likes. */
export interface MemorySample {
  readonly seconds: number;
  readonly resident: number;
  readonly anonymous: number;
  readonly heap: number;
  readonly external: number;
}

export type MemoryKind = Exclude<keyof MemorySample, 'seconds'>;
export const memoryKinds: readonly MemoryKind[] = ['resident', 'anonymous', 'heap', 'external'];

/** A straight line through the samples behind the warm-up. */
export interface Trend {
  readonly mean: number;
  /** MiB a minute. */
  readonly slope: number;
  /** What the line grows from the first of these samples to the last. */
  readonly growth: number;
}

/** Asks the server once a second how much memory it has. */
export class MemoryWatch {
  readonly samples: MemorySample[] = [];
  readonly #server: SluiceBroker;
  readonly #startedAt = performance.now();
  readonly #abort = new AbortController();

  constructor(server: SluiceBroker) {
    this.#server = server;
  }

  async run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      this.samples.push(await this.#sample());
      await wait(1_000);
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  trend(kind: MemoryKind): Trend {
    const steady = this.samples.slice(Math.floor(this.samples.length * warmUpShare));
    return trendOf(steady.map((sample) => [sample.seconds, sample[kind]]));
  }

  async #sample(): Promise<MemorySample> {
    const response = await fetch(`http://127.0.0.1:${this.#server.httpPort}/metrics`);
    const page = await response.text();
    const status = readFileSync(`/proc/${this.#server.pid}/status`, 'utf8');
    const metric = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1]) / mebibyte;
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_024;
    return {
      seconds: (performance.now() - this.#startedAt) / 1_000,
      resident: kilobytes('VmRSS'),
      anonymous: kilobytes('RssAnon'),
      heap: metric('nodejs_heap_size_used_bytes'),
      external: metric('nodejs_external_memory_bytes'),
    };
  }
}

/** Least squares. */
export function trendOf(points: readonly (readonly [seconds: number, value: number])[]): Trend {
  const count = points.length;
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / count;
  const at = meanOf(points.map(([seconds]) => seconds));
  const mean = meanOf(points.map(([, value]) => value));
  let covariance = 0;
  let variance = 0;
  for (const [seconds, value] of points) {
    covariance += (seconds - at) * (value - mean);
    variance += (seconds - at) ** 2;
  }
  const perSecond = variance === 0 ? 0 : covariance / variance;
  const span = count === 0 ? 0 : points[count - 1][0] - points[0][0];
  return { mean, slope: perSecond * 60, growth: perSecond * span };
}
