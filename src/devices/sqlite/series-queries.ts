import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SluiceError } from '../../errors.ts';
import type { DeviceSeries, SeriesPage, SeriesQuery, TypeSeriesQuery } from '../series.ts';
import { Bucket, type BucketSums, numberOf, startOf } from './bucket.ts';
import { sqliteLimits } from './limits.ts';
import { SeriesExtent } from './series-extent.ts';

/**
 * Answers series from roll-ups where some of a fitting width are kept, and from the history for the rest: the ends that are
 * no whole interval of the roll-up, and what was stored since it got as far as it is.
 */
export class SeriesQueries {
  readonly #database: DatabaseSync;
  readonly #rows: StatementSync;
  readonly #rollups: StatementSync;
  readonly #width: StatementSync;
  readonly #devices: StatementSync;
  readonly #extent: SeriesExtent;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#extent = new SeriesExtent(database);
    this.#rows = database.prepare(
      `SELECT time, data FROM history INDEXED BY history_device_time
       WHERE device_id = :deviceId AND time >= :from AND time < :to AND id > :after AND event_type = :eventType
       ORDER BY time, id`,
    );
    this.#rollups = database.prepare(
      `SELECT start, count, min, max, sum, last, last_time AS lastTime FROM rollups
       WHERE device_id = :deviceId AND event_type = :eventType AND key = :key AND width_ms = :width
         AND start >= :from AND start < :to ORDER BY start`,
    );
    this.#width = database.prepare(
      `SELECT width_ms AS width, history_id AS reached FROM rollup_progress
       WHERE :intervalMs % width_ms = 0 ORDER BY width_ms DESC LIMIT 1`,
    );
    this.#devices = database.prepare('SELECT id FROM devices WHERE type = ? AND id > ? ORDER BY id LIMIT ?');
  }

  points(query: SeriesQuery): SeriesPage {
    const { deviceIds, keys, intervalMs, from, to } = query;
    const until = Math.min(to, endOfPage(query, deviceIds.length));
    return this.#atOneMoment(() => {
      const rows = { left: sqliteLimits.seriesRowsMax };
      const plan = this.#plan(intervalMs, from, until);
      const series = deviceIds.flatMap((deviceId) => {
        const byKey = bucketsOf(keys, intervalMs);
        this.#fill(byKey, deviceId, query.eventType, plan, rows);
        return keys.map((key) => ({ deviceId, key, points: byKey.get(key)?.points() ?? [] }));
      });
      const page = { series, next: until < to ? until : undefined };
      if (series.some(({ points }) => points.length > 0)) return page;
      const numbers = this.#extent.of(query, this.#rollupFor(intervalMs)?.width);
      return numbers === undefined ? page : { ...page, numbers };
    });
  }

  /** The next devices of the type behind `after`, all together. The same page in every slice: it depends on the query alone. */
  typeSlice(query: TypeSeriesQuery, after: string): TypeSeriesSlice {
    const { deviceType, eventType, keys, intervalMs, from, to } = query;
    const { seriesRowsMax, seriesSliceDevicesMax, seriesSliceRowsMax } = sqliteLimits;
    const until = Math.min(to, endOfPage(query, 1));
    return this.#atOneMoment(() => {
      const ids = this.#devices.all(deviceType, after, seriesSliceDevicesMax) as { id: string }[];
      const plan = this.#plan(intervalMs, from, until);
      const byKey = bucketsOf(keys, intervalMs);
      let devices = 0;
      let rows = 0;
      while (devices < ids.length && rows < seriesSliceRowsMax) {
        const ofDevice = { left: seriesRowsMax };
        this.#fill(byKey, ids[devices++].id, eventType, plan, ofDevice);
        rows += seriesRowsMax - ofDevice.left;
      }
      const isLast = devices === ids.length && devices < seriesSliceDevicesMax;
      return {
        devices,
        rows,
        sums: keys.map((key) => byKey.get(key)?.sums() ?? []),
        after: isLast ? undefined : ids[devices - 1].id,
        next: until < to ? until : undefined,
      };
    });
  }

  /** One transaction, so that roll-ups and how far they are belong together. */
  #atOneMoment<T>(read: () => T): T {
    this.#database.exec('BEGIN');
    try {
      return read();
    } finally {
      this.#database.exec('COMMIT');
    }
  }

  /** Which span is taken from where. */
  #plan(intervalMs: number, from: number, to: number): Span[] {
    const rollup = this.#rollupFor(intervalMs);
    if (rollup === undefined) return [{ from, to, after: everyRow }];
    const { width, reached } = rollup;
    const first = startOf(from + width - 1, width);
    const end = startOf(to, width);
    if (first >= end) return [{ from, to, after: everyRow }];
    return [
      { from, to: first, after: everyRow },
      { from: first, to: end, width },
      { from: first, to: end, after: reached },
      { from: end, to, after: everyRow },
    ];
  }

  #rollupFor(intervalMs: number): { readonly width: number; readonly reached: number } | undefined {
    return this.#width.get({ intervalMs }) as { width: number; reached: number } | undefined;
  }

  #fill(
    byKey: ReadonlyMap<string, Buckets>,
    deviceId: string,
    eventType: string,
    plan: readonly Span[],
    rows: { left: number },
  ): void {
    for (const span of plan) {
      if (span.width !== undefined) this.#addRollups(deviceId, eventType, byKey, span, rows);
      else if (span.from < span.to) this.#addRows(deviceId, eventType, byKey, span, rows);
    }
  }

  #addRows(
    deviceId: string,
    eventType: string,
    byKey: ReadonlyMap<string, Buckets>,
    { from, to, after = everyRow }: Span,
    rows: { left: number },
  ): void {
    const found = this.#rows.iterate({ deviceId, eventType, from, to, after });
    for (const { time, data: text } of found as Iterable<unknown> as Iterable<{ time: number; data: string }>) {
      spend(rows);
      const data = JSON.parse(text);
      for (const [key, buckets] of byKey) {
        const value = Object.hasOwn(data, key) ? numberOf(data[key]) : undefined;
        if (value !== undefined) buckets.at(time).add(value, time);
      }
    }
  }

  #addRollups(
    deviceId: string,
    eventType: string,
    byKey: ReadonlyMap<string, Buckets>,
    { from, to, width = 0 }: Span,
    rows: { left: number },
  ): void {
    for (const [key, buckets] of byKey) {
      const found = this.#rollups.iterate({ deviceId, eventType, key, width, from, to });
      for (const row of found as Iterable<unknown> as Iterable<RollupRow>) {
        spend(rows);
        // A sum that left the range of numbers on both sides is kept as NULL.
        buckets.at(row.start).merge({ ...row, sum: row.sum ?? Number.NaN });
      }
    }
  }
}

/** What some devices of a type come to together. */
export interface TypeSeriesSlice {
  readonly devices: number;
  readonly rows: number;
  /** In the order of the keys. */
  readonly sums: readonly (readonly (readonly [start: number, sums: BucketSums])[])[];
  /** The last of these devices; undefined where none is behind it. */
  readonly after: string | undefined;
  /** Where the next page begins. */
  readonly next: number | undefined;
}

/** A span of time, from the roll-ups of `width`, or from rows of history with an id beyond `after`. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly width?: number;
  readonly after?: number;
}

interface RollupRow {
  readonly start: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number | null;
  readonly last: number;
  readonly lastTime: number;
}

const everyRow = -1;

class Buckets {
  readonly #intervalMs: number;
  readonly #byStart = new Map<number, Bucket>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  at(time: number): Bucket {
    const start = startOf(time, this.#intervalMs);
    let bucket = this.#byStart.get(start);
    if (bucket === undefined) {
      bucket = new Bucket();
      this.#byStart.set(start, bucket);
    }
    return bucket;
  }

  points(): DeviceSeries['points'] {
    return [...this.#byStart].sort(([a], [b]) => a - b).map(([start, bucket]) => bucket.toPoint(start));
  }

  sums(): [start: number, sums: BucketSums][] {
    return [...this.#byStart].map(([start, bucket]) => [start, { ...bucket }]);
  }
}

function bucketsOf(keys: readonly string[], intervalMs: number): ReadonlyMap<string, Buckets> {
  return new Map(keys.map((key) => [key, new Buckets(intervalMs)]));
}

/** A page is a span of time, so that one for many devices and keys is shorter, and none is larger than an answer may be. */
function endOfPage({ keys, intervalMs, from, limit }: Omit<SeriesQuery, 'deviceIds'>, seriesOfKey: number): number {
  const perSeries = Math.floor(sqliteLimits.seriesPointsMax / Math.max(1, seriesOfKey * keys.length));
  return startOf(from, intervalMs) + Math.max(1, Math.min(limit, perSeries)) * intervalMs;
}

function spend(rows: { left: number }): void {
  if (--rows.left >= 0) return;
  throw new SluiceError(
    'quota_exceeded',
    `Ask for fewer devices, or for fewer intervals with limit: this answer needs more than ${sqliteLimits.seriesRowsMax} rows`,
    { detail: { limit: 'seriesRowsMax' } },
  );
}
