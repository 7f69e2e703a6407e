import type { JsonValue } from '../../std/json.ts';
import type { SeriesPoint } from '../series.ts';

/** What the numbers of one key within one interval come to. Numbers are to be added in the order of their rows. */
export class Bucket {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  sum = 0;
  last = 0;
  lastTime = Number.NEGATIVE_INFINITY;

  add(value: number, time: number): void {
    this.count++;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.#see(value, time);
  }

  merge(other: BucketSums): void {
    this.count += other.count;
    this.sum += other.sum;
    if (other.min < this.min) this.min = other.min;
    if (other.max > this.max) this.max = other.max;
    this.#see(other.last, other.lastTime);
  }

  toPoint(time: number): SeriesPoint {
    const { count, min, max, sum, last } = this;
    return { time, count, min, max, sum, avg: sum / count, last };
  }

  #see(value: number, time: number): void {
    if (time < this.lastTime) return;
    this.last = value;
    this.lastTime = time;
  }
}

export type BucketSums = Pick<Bucket, 'count' | 'min' | 'max' | 'sum' | 'last' | 'lastTime'>;

/** Undefined for what makes no series. */
export function numberOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'boolean' ? Number(value) : undefined;
}

/** Where the interval begins that `time` lies in. */
export function startOf(time: number, intervalMs: number): number {
  return Math.floor(time / intervalMs) * intervalMs;
}
