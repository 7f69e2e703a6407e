import type { JsonObject } from '../../std/json.ts';
import { Bucket, numberOf } from './bucket.ts';
import { rolledKeys } from './rollup-sums.ts';

export interface RepairRow {
  readonly id: number;
  readonly time: number;
  readonly data: string;
}

/**
 * What rows of one interval come to, for keys of a range: as many of them as may be written at once, the others are for the
 * next pass. Keys are in the order of their UTF-8, as in the tables.
 */
export class RepairPass {
  /** Keys behind it; undefined: from the first. */
  readonly from: string | undefined;
  readonly #bucketsMax: number;
  #to: string | undefined;
  #buckets = new Map<string, Bucket>();
  /** The row that was read last. */
  after: { readonly time: number; readonly id: number } = { time: Number.MIN_SAFE_INTEGER, id: 0 };

  /** `to`: the last key of the range; undefined: all that follow. */
  constructor(from: string | undefined, to: string | undefined, bucketsMax: number) {
    this.from = from;
    this.#to = to;
    this.#bucketsMax = bucketsMax;
  }

  get to(): string | undefined {
    return this.#to;
  }

  add({ id, time, data }: RepairRow): void {
    this.after = { time, id };
    const values: JsonObject = JSON.parse(data);
    for (const key of rolledKeys(values)) {
      const value = numberOf(values[key]);
      if (value !== undefined && this.#isInRange(key)) this.#at(key).add(value, time);
    }
    if (this.#buckets.size > this.#bucketsMax) this.#narrow();
  }

  /** Whether the key is for the next pass. */
  isBehind(key: string): boolean {
    return this.#to !== undefined && compareKeys(key, this.#to) > 0;
  }

  buckets(): Iterable<[key: string, bucket: Bucket]> {
    return this.#buckets;
  }

  #isInRange(key: string): boolean {
    if (this.from !== undefined && compareKeys(key, this.from) <= 0) return false;
    return this.#to === undefined || compareKeys(key, this.#to) <= 0;
  }

  #at(key: string): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new Bucket();
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  #narrow(): void {
    const kept = [...this.#buckets].sort(([one], [other]) => compareKeys(one, other)).slice(0, this.#bucketsMax);
    this.#buckets = new Map(kept);
    this.#to = kept.at(-1)?.[0];
  }
}

function compareKeys(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
