import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ExportPosition, ExportQuery, ExportSlice } from '../series.ts';
import { type ExportRow, exportLines } from './export-lines.ts';
import { sqliteLimits } from './limits.ts';

/** Reads the history slice by slice, in the order of its index, so that a slice costs its own rows. */
export class ExportQueries {
  readonly #rows: StatementSync;
  readonly #devices: StatementSync;
  readonly #devicesOfType: StatementSync;

  constructor(database: DatabaseSync) {
    this.#rows = database.prepare(
      `SELECT id, device_id, message_id, event_type, time, seq, received_at, processed_at, driver, driver_version, outcome, data
       FROM history
       WHERE device_id = :deviceId AND time >= :from AND time < :to AND (time, id) > (:time, :id)
         AND (:eventType IS NULL OR event_type = :eventType)
       ORDER BY time, id LIMIT :limit`,
    );
    this.#devices = database.prepare('SELECT id FROM devices WHERE id >= ? ORDER BY id LIMIT ?');
    this.#devicesOfType = database.prepare('SELECT id FROM devices WHERE type = ? AND id >= ? ORDER BY id LIMIT ?');
  }

  slice(query: ExportQuery, after: ExportPosition | undefined): ExportSlice {
    const slice = new Slice(query);
    const deviceIds = this.#deviceIds(query, after);
    for (const deviceId of deviceIds) {
      const from = after?.deviceId === deviceId ? after : { time: Number.MIN_SAFE_INTEGER, id: 0 };
      for (const row of this.#rowsOf(deviceId, query, from, slice.rowsLeft)) if (!slice.take(row)) return slice.end();
      if (slice.rowsLeft === 0) return slice.end();
    }
    const last = deviceIds.at(-1);
    if (deviceIds.length < sqliteLimits.exportDevicesMax || last === undefined) return slice.end(null);
    return slice.end({ deviceId: last, time: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER });
  }

  #deviceIds({ deviceId, deviceType }: ExportQuery, after: ExportPosition | undefined): string[] {
    if (deviceId !== undefined) return [deviceId];
    const from = after?.deviceId ?? '';
    const found =
      deviceType === undefined
        ? this.#devices.all(from, sqliteLimits.exportDevicesMax)
        : this.#devicesOfType.all(deviceType, from, sqliteLimits.exportDevicesMax);
    return found.map(({ id }) => id as string);
  }

  #rowsOf(deviceId: string, query: ExportQuery, after: { time: number; id: number }, limit: number) {
    const rows = this.#rows.iterate({
      deviceId,
      from: Math.max(query.from ?? Number.MIN_SAFE_INTEGER, after.time),
      to: query.to ?? Number.MAX_SAFE_INTEGER,
      time: after.time,
      id: after.id,
      eventType: query.eventType ?? null,
      limit,
    });
    return rows as Iterable<unknown> as Iterable<ExportRow>;
  }
}

/** The lines of one slice, until it has its rows or its text. */
class Slice {
  readonly #line: (row: ExportRow) => string;
  #text = '';
  #last: ExportPosition | undefined;
  rowsLeft = sqliteLimits.exportRowsMax;

  constructor({ format }: ExportQuery) {
    this.#line = exportLines[format];
  }

  /** Answers whether there is room for more. */
  take(row: ExportRow): boolean {
    this.#text += this.#line(row);
    this.#last = { deviceId: row.device_id, time: row.time, id: row.id };
    this.rowsLeft--;
    return this.#text.length < sqliteLimits.pageTextMax;
  }

  /** Goes on behind its last row where nothing else is said; null: nowhere. */
  end(next: ExportPosition | null | undefined = this.#last): ExportSlice {
    return { text: this.#text, next: next ?? undefined };
  }
}
