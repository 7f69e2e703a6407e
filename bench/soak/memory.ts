import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { SluiceBroker } from '../sluice.ts';
import { type MappedMemory, mappedMemory } from './mappings.ts';

const mebibyte = 1024 * 1024;
const sampleMs = 2_000;
/** Of the samples; before that the server warms up. */
const warmUpShare = 1 / 3;
/**
 * The least of each so long counts. Between two full collections some 50 MiB of buffers come together that nobody uses any more, and
 * when the next one comes is chance: a line through everything says most of all where in that it began and ended.
 */
const floorSeconds = 60;

/** MiB. `anonymous` leaves out pages of files, such as those of the database. */
export interface MemorySample extends MappedMemory {
  readonly seconds: number;
  readonly resident: number;
  readonly anonymous: number;
  /** What the server has taken for good: `anonymous`, and what V8 did not write to yet. */
  readonly claimed: number;
  /** Objects of JavaScript, with those that the collector did not find to be garbage yet; likewise the buffers. */
  readonly heap: number;
  readonly external: number;
}

export type MemoryKind = Exclude<keyof MemorySample, 'seconds'>;

/** A straight line through the samples behind the warm-up. */
export interface Trend {
  readonly mean: number;
  /** MiB a minute. */
  readonly slope: number;
  /** The standard error of the slope. */
  readonly error: number;
}

/** Asks the server again and again how much memory it has. */
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
      await wait(sampleMs);
    }
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Of the floor. */
  trend(kind: MemoryKind): Trend {
    const steady = this.samples.slice(Math.floor(this.samples.length * warmUpShare));
    return trendOf(floorOf(steady.map((sample) => [sample.seconds, sample[kind]])));
  }

  async #sample(): Promise<MemorySample> {
    const { httpPort, pid } = this.#server;
    const response = await fetch(`http://127.0.0.1:${httpPort}/metrics`);
    const page = await response.text();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const metric = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1]) / mebibyte;
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_024;
    const mapped = mappedMemory(pid);
    return {
      ...mapped,
      seconds: (performance.now() - this.#startedAt) / 1_000,
      resident: kilobytes('VmRSS'),
      anonymous: kilobytes('RssAnon'),
      claimed: mapped.v8Mapped + mapped.malloc + mapped.other,
      heap: metric('nodejs_heap_size_used_bytes'),
      external: metric('nodejs_external_memory_bytes'),
    };
  }
}

type Point = readonly [seconds: number, value: number];

/** The lowest of each window of the same length, `floorSeconds` or a little more, where it was. */
export function floorOf(points: readonly Point[]): Point[] {
  if (points.length === 0) return [];
  const from = points[0][0];
  const span = points[points.length - 1][0] - from;
  const windows = Math.max(1, Math.floor(span / floorSeconds));
  const lowest: Point[] = [];
  for (const point of points) {
    const window = span === 0 ? 0 : Math.min(windows - 1, Math.floor(((point[0] - from) * windows) / span));
    const known = lowest[window];
    if (known === undefined || point[1] < known[1]) lowest[window] = point;
  }
  return lowest.filter((point) => point !== undefined);
}

/** Least squares. */
export function trendOf(points: readonly Point[]): Trend {
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
  if (variance === 0) return { mean, slope: 0, error: 0 };
  const perSecond = covariance / variance;
  const left = points.reduce((sum, [seconds, value]) => sum + (value - mean - perSecond * (seconds - at)) ** 2, 0);
  const error = Math.sqrt(left / Math.max(1, count - 2) / variance);
  return { mean, slope: perSecond * 60, error: error * 60 };
}
