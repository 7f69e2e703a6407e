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

/** What rows of history come to, for each key and interval of some widths. */
export class RollupSums {
  readonly #byWidth: ReadonlyMap<number, Map<string, RolledBucket>>;

  constructor(widths: readonly number[]) {
    this.#byWidth = new Map(widths.map((width) => [width, new Map()]));
  }

  /** Rows that it takes to write those of one width, at most. */
  get size(): number {
    let size = 0;
    for (const buckets of this.#byWidth.values()) size = Math.max(size, buckets.size);
    return size;
  }

  add({ device_id: deviceId, event_type: eventType, time, data: text }: RolledRow): void {
    const data: JsonObject = JSON.parse(text);
    const keys = Object.keys(data).slice(0, sqliteLimits.rollupKeysMax);
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
