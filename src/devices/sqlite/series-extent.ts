import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NumbersSpan, SeriesQuery } from '../series.ts';
import { numberOf } from './bucket.ts';
import { sqliteLimits } from './limits.ts';

/** From when to when there are numbers of some keys, whatever span was asked for. */
export class SeriesExtent {
  readonly #oldest: StatementSync;
  readonly #newest: StatementSync;
  readonly #rollups: StatementSync;

  constructor(database: DatabaseSync) {
    const rows = `SELECT time, data FROM history INDEXED BY history_device_time
      WHERE device_id = :deviceId AND event_type = :eventType ORDER BY time`;
    this.#oldest = database.prepare(`${rows} LIMIT ${sqliteLimits.seriesExtentRowsMax}`);
    this.#newest = database.prepare(`${rows} DESC LIMIT ${sqliteLimits.seriesExtentRowsMax}`);
    const rollups = 'FROM rollups WHERE device_id = :deviceId AND event_type = :eventType AND key = :key';
    this.#rollups = database.prepare(
      `SELECT (SELECT min(start) ${rollups} AND width_ms = :width) AS "from",
              (SELECT max(start) ${rollups} AND width_ms = :width) AS "to"`,
    );
  }

  /** `width`: of the roll-ups that answer the question. Undefined where there are none, or none among the first and last rows. */
  of({ deviceIds, eventType, keys }: SeriesQuery, width: number | undefined): NumbersSpan | undefined {
    const spans = deviceIds.flatMap((deviceId) => [
      this.#ofRows(deviceId, eventType, keys),
      ...(width === undefined ? [] : keys.map((key) => this.#ofRollups(deviceId, eventType, key, width))),
    ]);
    const found = spans.filter((span) => span !== undefined);
    if (found.length === 0) return undefined;
    return { from: Math.min(...found.map(({ from }) => from)), to: Math.max(...found.map(({ to }) => to)) };
  }

  #ofRows(deviceId: string, eventType: string, keys: readonly string[]): NumbersSpan | undefined {
    const from = firstWithNumber(this.#oldest.iterate({ deviceId, eventType }) as Iterable<unknown>, keys);
    const to = firstWithNumber(this.#newest.iterate({ deviceId, eventType }) as Iterable<unknown>, keys);
    return from === undefined && to === undefined
      ? undefined
      : { from: (from ?? to) as number, to: (to ?? from) as number };
  }

  #ofRollups(deviceId: string, eventType: string, key: string, width: number): NumbersSpan | undefined {
    const found = this.#rollups.get({ deviceId, eventType, key, width }) as unknown as {
      from: number | null;
      to: number | null;
    };
    return found.from === null || found.to === null ? undefined : { from: found.from, to: found.to };
  }
}

function firstWithNumber(rows: Iterable<unknown>, keys: readonly string[]): number | undefined {
  for (const { time, data: text } of rows as Iterable<{ time: number; data: string }>) {
    const data = JSON.parse(text);
    if (keys.some((key) => Object.hasOwn(data, key) && numberOf(data[key]) !== undefined)) return time;
  }
  return undefined;
}
