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
  readonly width: number;
  readonly start: number;
  readonly bucket: Bucket;
}

/** What rows of history come to, for each key and interval of some widths. */
export class RollupSums {
  readonly #widths: readonly number[];
  readonly #byName = new Map<string, RolledBucket>();

  constructor(widths: readonly number[]) {
    this.#widths = widths;
  }

  get size(): number {
    return this.#byName.size;
  }

  add(row: RolledRow): void {
    const data: JsonObject = JSON.parse(row.data);
    for (const key of Object.keys(data).slice(0, sqliteLimits.rollupKeysMax)) {
      const value = numberOf(data[key]);
      if (value === undefined) continue;
      for (const width of this.#widths) this.#at(row, key, width).bucket.add(value, row.time);
    }
  }

  /** Adds them to what is there. */
  write(database: DatabaseSync): void {
    const add = database.prepare(
      `INSERT INTO rollups (device_id, event_type, key, width_ms, start, count, min, max, sum, last, last_time)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count, min = min(min, excluded.min), max = max(max, excluded.max),
         sum = sum + excluded.sum, last = iif(excluded.last_time >= last_time, excluded.last, last),
         last_time = max(last_time, excluded.last_time)`,
    );
    for (const { deviceId, eventType, key, width, start, bucket } of this.#byName.values()) {
      const { count, min, max, sum, last, lastTime } = bucket;
      add.run(deviceId, eventType, key, width, start, count, min, max, sum, last, lastTime);
    }
  }

  #at(row: RolledRow, key: string, width: number): RolledBucket {
    const start = startOf(row.time, width);
    // The key comes last, because only it may hold a line break.
    const name = `${row.device_id}\n${row.event_type}\n${width}\n${start}\n${key}`;
    let rolled = this.#byName.get(name);
    if (rolled === undefined) {
      rolled = { deviceId: row.device_id, eventType: row.event_type, key, width, start, bucket: new Bucket() };
      this.#byName.set(name, rolled);
    }
    return rolled;
  }
}
