/** What a histogram holds, as data. Values are whole numbers of whatever unit was recorded. */
export interface HistogramReading {
  readonly count: number;
  readonly sum: number;
  readonly max: number;
  /** At most a fifth above the true one. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** How many values were at most as large as the bound of the same place in `histogramBounds`. */
  readonly upTo: readonly number[];
}

/** What a page of metrics shows: every second power of two, from one to about 4.7 hours in milliseconds. */
export const histogramBounds: readonly number[] = Array.from({ length: 13 }, (_, i) => 4 ** i);

/**
 * Counts of values by size, in buckets of a fixed number. Recording is an addition and allocates nothing.
 *
 * Up to 8 each value has a bucket; above it, each power of two is cut into four, so that a bucket is at most a fourth wider
 * than what it begins at. A bucket takes what is above the bound of the one before, up to and with its own.
 */
export class Histogram {
  readonly #counts = new Float64Array(bucketCount);
  #count = 0;
  #sum = 0;
  #max = 0;
  #reading: HistogramReading | undefined;

  record(value: number): void {
    const whole = value <= 0 ? 0 : Math.min(valueMax, Math.ceil(value));
    this.#counts[bucketOf(whole)]++;
    this.#count++;
    this.#sum += whole;
    if (whole > this.#max) this.#max = whole;
    this.#reading = undefined;
  }

  /** All that the other one has. */
  add(other: Histogram): void {
    for (let bucket = 0; bucket < bucketCount; bucket++) this.#counts[bucket] += other.#counts[bucket];
    this.#count += other.#count;
    this.#sum += other.#sum;
    if (other.#max > this.#max) this.#max = other.#max;
    this.#reading = undefined;
  }

  /** The same one as before, where nothing was recorded since. */
  read(): HistogramReading {
    if (this.#count === 0) return emptyReading;
    this.#reading ??= {
      count: this.#count,
      sum: this.#sum,
      max: this.#max,
      p50: this.#quantile(0.5),
      p90: this.#quantile(0.9),
      p99: this.#quantile(0.99),
      upTo: this.#upToEach(),
    };
    return this.#reading;
  }

  #quantile(share: number): number {
    const rank = Math.ceil(this.#count * share);
    let seen = 0;
    let bucket = 0;
    while (bucket < bucketCount - 1) {
      seen += this.#counts[bucket];
      if (seen >= rank) break;
      bucket++;
    }
    return Math.min(this.#max, bucketBounds[bucket]);
  }

  /** Goes through the buckets once for all bounds: whoever watches a thousand busy queues reads as many of these. */
  #upToEach(): number[] {
    let count = 0;
    let bucket = 0;
    return histogramBounds.map((bound) => {
      while (bucketBounds[bucket] <= bound) count += this.#counts[bucket++];
      return count;
    });
  }
}

export const emptyReading: HistogramReading = {
  count: 0,
  sum: 0,
  max: 0,
  p50: 0,
  p90: 0,
  p99: 0,
  upTo: histogramBounds.map(() => 0),
};

const valueMax = 2 ** 31;
const exactBuckets = 8;
const bucketCount = exactBuckets + 4 * 28;
const bucketBounds = Float64Array.from({ length: bucketCount }, (_, bucket) => boundOf(bucket));

function bucketOf(value: number): number {
  if (value <= 1) return 0;
  const below = value - 1;
  if (below < exactBuckets) return below;
  const power = 31 - Math.clz32(below);
  return exactBuckets + (power - 3) * 4 + ((below >>> (power - 2)) & 3);
}

function boundOf(bucket: number): number {
  if (bucket < exactBuckets) return bucket + 1;
  const quarter = bucket - exactBuckets;
  return (5 + (quarter & 3)) * 2 ** ((quarter >> 2) + 1);
}
