import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JsonObject } from '../../std/json.ts';
import { Bucket, numberOf, startOf } from './bucket.ts';
import { transaction } from './database.ts';
import { sqliteLimits } from './limits.ts';

/**
 * Adds rows of history to the roll-ups, each once: how far they are is written with them. A row's id says when it was stored
 * and not when it happened, so that late data finds its interval like all other.
 */
export class RollupTables {
  readonly #database: DatabaseSync;
  readonly #progress: StatementSync;
  readonly #reach: StatementSync;
  readonly #rows: StatementSync;
  readonly #add: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#progress = database.prepare('SELECT history_id AS reached FROM rollup_progress WHERE width_ms = ?');
    this.#reach = database.prepare('INSERT OR REPLACE INTO rollup_progress (width_ms, history_id) VALUES (?, ?)');
    this.#rows = database.prepare(
      'SELECT id, device_id, event_type, time, data FROM history WHERE id > ? AND id <= ? ORDER BY id LIMIT ?',
    );
    this.#add = database.prepare(
      `INSERT INTO rollups (device_id, event_type, key, width_ms, start, count, min, max, sum, last, last_time)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET count = count + excluded.count, min = min(min, excluded.min), max = max(max, excluded.max),
         sum = sum + excluded.sum, last = iif(excluded.last_time >= last_time, excluded.last, last),
         last_time = max(last_time, excluded.last_time)`,
    );
  }

  /** One step for the widths that are behind. Answers whether there may be more. */
  step(widths: readonly number[], rowsMax: number): boolean {
    return transaction(this.#database, () => {
      const { reached, together, ahead } = this.#hindmost(widths);
      const sums = new Sums(together);
      let last = reached;
      let taken = 0;
      for (const row of this.#rowsAfter(reached, ahead ?? Number.MAX_SAFE_INTEGER, rowsMax)) {
        sums.add(row);
        last = row.id;
        taken++;
        if (sums.size >= sqliteLimits.rollupBucketsMax) break;
      }
      const isFull = taken === rowsMax || sums.size >= sqliteLimits.rollupBucketsMax;
      // Where nothing is left below the next ones, they go on together.
      if (!isFull && ahead !== undefined) last = ahead;
      this.#write(sums);
      if (last !== reached) for (const width of together) this.#reach.run(width, last);
      return isFull || (ahead !== undefined && last !== reached);
    });
  }

  /** Up to which row every one of the widths is; undefined where there is none. */
  reached(widths: readonly number[]): number | undefined {
    return widths.length === 0 ? undefined : Math.min(...widths.map((width) => this.#reachedBy(width)));
  }

  /** Those of the widths that are least far, and where the next ones are. */
  #hindmost(widths: readonly number[]): { reached: number; together: number[]; ahead: number | undefined } {
    const places = widths.map((width) => ({ width, reached: this.#reachedBy(width) }));
    const reached = Math.min(...places.map((place) => place.reached));
    const others = places.filter((place) => place.reached > reached).map((place) => place.reached);
    const together = places.filter((place) => place.reached === reached).map(({ width }) => width);
    return { reached, together, ahead: others.length === 0 ? undefined : Math.min(...others) };
  }

  #reachedBy(width: number): number {
    return (this.#progress.get(width) as { reached: number } | undefined)?.reached ?? 0;
  }

  #rowsAfter(reached: number, ahead: number, rowsMax: number): Iterable<RolledRow> {
    const rows = this.#rows.iterate(reached, ahead, rowsMax);
    return rows as Iterable<unknown> as Iterable<RolledRow>;
  }

  #write(sums: Sums): void {
    for (const { deviceId, eventType, key, width, start, bucket } of sums) {
      const { count, min, max, sum, last, lastTime } = bucket;
      this.#add.run(deviceId, eventType, key, width, start, count, min, max, sum, last, lastTime);
    }
  }
}

interface RolledRow {
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

/** What the rows of one step come to. */
class Sums {
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

  [Symbol.iterator](): Iterator<RolledBucket> {
    return this.#byName.values();
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
