import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RetentionOfType } from '../device-type.ts';
import { transaction } from './database.ts';
import { sqliteLimits } from './limits.ts';

/**
 * Takes out what is older than the device type keeps: type by type, device by device, a slice a step. History that is not in
 * the roll-ups yet stays until it is.
 */
export class TypeRetention {
  readonly #database: DatabaseSync;
  readonly #types: StatementSync;
  readonly #devices: StatementSync;
  readonly #oldHistory: StatementSync;
  readonly #cutHistory: StatementSync;
  readonly #nextSeries: StatementSync;
  readonly #oldRollups: StatementSync;
  /** The device that the next step begins behind; none: with the first of the first type. */
  #place: { readonly type: string; readonly deviceId: string } = start;
  /** The series that the next step begins behind, of a device with more of them than a step looks at. */
  #series = noSeries;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#types = database.prepare(
      `SELECT name, settings ->> '$.retention' AS retention FROM device_types
       WHERE name >= ? AND (settings ->> '$.retention.historyMs' IS NOT NULL OR settings ->> '$.retention.rollupsMs' IS NOT NULL)
       ORDER BY name LIMIT 1`,
    );
    this.#devices = database.prepare('SELECT id FROM devices WHERE type = ? AND id > ? ORDER BY id LIMIT ?');
    this.#oldHistory = database.prepare(
      `DELETE FROM history WHERE id IN
         (SELECT id FROM history WHERE device_id = ? AND time < ? AND id <= ? ORDER BY time LIMIT ?)`,
    );
    this.#cutHistory = database.prepare(
      'UPDATE devices SET history_from = max(coalesce(history_from, ?), ?) WHERE id = ?',
    );
    this.#nextSeries = database.prepare(
      `SELECT event_type AS eventType, key, width_ms AS width FROM rollups
       WHERE device_id = ? AND (event_type, key, width_ms) > (?, ?, ?) ORDER BY event_type, key, width_ms LIMIT 1`,
    );
    this.#oldRollups = database.prepare(
      `DELETE FROM rollups WHERE (device_id, event_type, key, width_ms, start) IN
         (SELECT device_id, event_type, key, width_ms, start FROM rollups
          WHERE device_id = ? AND event_type = ? AND key = ? AND width_ms = ? AND start < ? ORDER BY start LIMIT ?)`,
    );
  }

  /** `reached`: the last row of history that is in every roll-up. Answers whether there may be more. */
  step(now: number, reached: number, rowsMax: number): boolean {
    return transaction(this.#database, () => {
      const type = this.#types.get(this.#place.type) as { name: string; retention: string } | undefined;
      if (type === undefined) {
        this.#place = start;
        return false;
      }
      this.#sweepType(type.name, JSON.parse(type.retention), now, reached, rowsMax);
      return true;
    });
  }

  #sweepType(type: string, retention: RetentionOfType, now: number, reached: number, rowsMax: number): void {
    const { retentionDevicesMax } = sqliteLimits;
    const after = this.#place.type === type ? this.#place.deviceId : '';
    const devices = this.#devices.all(type, after, retentionDevicesMax) as { id: string }[];
    let left = rowsMax;
    for (const { id } of devices) {
      if (retention.historyMs !== undefined) left -= this.#sweepHistory(id, now - retention.historyMs, reached, left);
      if (retention.rollupsMs !== undefined) left = this.#sweepRollups(id, now - retention.rollupsMs, left);
      // This device may have more.
      if (left === 0) return;
      this.#place = { type, deviceId: id };
    }
    // No name lies between this one and the next.
    if (devices.length < retentionDevicesMax) this.#place = { type: `${type} `, deviceId: '' };
  }

  /** Answers how many rows went. What is gone is written down with them, since the type may keep more later. */
  #sweepHistory(deviceId: string, before: number, reached: number, rowsMax: number): number {
    const rows = Number(this.#oldHistory.run(deviceId, before, reached, rowsMax).changes);
    if (rows > 0) this.#cutHistory.run(before, before, deviceId);
    return rows;
  }

  /** Looks at one series after the other. Answers what is left of `rowsMax`: none where it has to go on. */
  #sweepRollups(deviceId: string, before: number, rowsMax: number): number {
    let left = rowsMax;
    let at = this.#series.deviceId === deviceId ? this.#series : { ...noSeries, deviceId };
    for (let looked = 0; left > 0 && looked < sqliteLimits.retentionSeriesMax; looked++) {
      // Kept before its rows go, so that a full step comes back to it.
      this.#series = at;
      const next = this.#nextSeries.get(deviceId, at.eventType, at.key, at.width);
      if (next === undefined) {
        this.#series = noSeries;
        return left;
      }
      at = { deviceId, ...(next as Omit<typeof noSeries, 'deviceId'>) };
      // An interval is old when its end is.
      left -= Number(
        this.#oldRollups.run(deviceId, at.eventType, at.key, at.width, before - at.width + 1, left).changes,
      );
    }
    if (left > 0) this.#series = at;
    return 0;
  }
}

const noSeries = { deviceId: '', eventType: '', key: '', width: 0 };
const start = { type: '', deviceId: '' };
