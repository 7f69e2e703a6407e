import type { DatabaseSync } from 'node:sqlite';
import type { JsonObject } from '../../std/json.ts';
import { Bucket, numberOf, startOf } from './bucket.ts';
import { sqliteLimits } from './limits.ts';

export interface RolledRow {
  readonly id: number;
  readonly device_id: string;
  readonly event_type: string;
  readonly time: number;
  readonly data: string;
}

interface RolledBucket {
  readonly deviceId: string;
  readonly eventType: string;
  readonly key: string;
  readonly start: number;
  readonly bucket: Bucket;
}

/** Half a surrogate pair is no text: it cannot be asked for, and all of them are one key in the tables. */
export function rolledKeys(data: JsonObject): string[] {
  return Object.keys(data)
    .slice(0, sqliteLimits.rollupKeysMax)
    .filter((key) => key.isWellFormed());
}

/** What rows of history come to, for each key and interval of some widths. */
export class RollupSums {
  readonly #byWidth: ReadonlyMap<number, Map<string, RolledBucket>>;
  /** Characters of the names that are kept. */
  textLength = 0;

  constructor(widths: readonly number[]) {
    this.#byWidth = new Map(widths.map((width) => [width, new Map()]));
  }

  /** Rows that it takes to write them. */
  get size(): number {
    let size = 0;
    for (const buckets of this.#byWidth.values()) size += buckets.size;
    return size;
  }

  /** The same of the width that has the most. */
  get sizeOfOne(): number {
    let size = 0;
    for (const buckets of this.#byWidth.values()) size = Math.max(size, buckets.size);
    return size;
  }

  add({ device_id: deviceId, event_type: eventType, time, data: text }: RolledRow): void {
    const data: JsonObject = JSON.parse(text);
    const keys = rolledKeys(data);
    for (const [width, buckets] of this.#byWidth) {
      const start = startOf(time, width);
      for (const key of keys) {
        const value = numberOf(data[key]);
        if (value === undefined) continue;
        // The key comes last, because only it may hold a line break.
        const name = `${deviceId}\n${eventType}\n${start}\n${key}`;
        let rolled = buckets.get(name);
        if (rolled === undefined) {
          rolled = { deviceId, eventType, key, start, bucket: new Bucket() };
          buckets.set(name, rolled);
          this.textLength += name.length;
        }
        rolled.bucket.add(value, time);
      }
    }
  }

  forgetDevice(deviceId: string): void {
    for (const buckets of this.#byWidth.values()) {
      for (const [name, rolled] of buckets) if (rolled.deviceId === deviceId) buckets.delete(name);
    }
  }

  /** Adds those of one width to what is there. */
  write(database: DatabaseSync, width: number): void {
    const add = database.prepare(
      `INSERT INTO rollups (device_id, event_type, key, width_ms, start, count, min, max, sum, last, last_time)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count, min = min(min, excluded.min), max = max(max, excluded.max),
         sum = sum + excluded.sum, last = iif(excluded.last_time >= last_time, excluded.last, last),
         last_time = max(last_time, excluded.last_time)`,
    );
    for (const { deviceId, eventType, key, start, bucket } of this.#byWidth.get(width)?.values() ?? []) {
      const { count, min, max, sum, last, lastTime } = bucket;
      add.run(deviceId, eventType, key, width, start, count, min, max, sum, last, lastTime);
    }
  }
}
