import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';

/** Takes out the rows of a device that goes, at most `rowsMax` per table and call. */
export class Retention {
  readonly #database: DatabaseSync;
  readonly #rawOfDevice: StatementSync;
  readonly #historyOfDevice: StatementSync;
  readonly #inboxOfDevice: StatementSync;
  readonly #rollupsOfDevice: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    // raw and inbox rows are found by way of history, the only one of the three with an index by device. Where that went
    // before, or never was, its two rows stay until they are too old; `devices.since_id` keeps them from another device.
    const ofDevice = (columns: string): string =>
      `SELECT ${columns} FROM history WHERE device_id = ? ORDER BY time LIMIT ?`;
    this.#rawOfDevice = database.prepare(`DELETE FROM raw WHERE id IN (${ofDevice('id')})`);
    this.#inboxOfDevice = database.prepare(
      `DELETE FROM inbox WHERE (message_id, device_id) IN (${ofDevice('message_id, device_id')})`,
    );
    this.#historyOfDevice = database.prepare(`DELETE FROM history WHERE id IN (${ofDevice('id')})`);
    this.#rollupsOfDevice = database.prepare(
      `DELETE FROM rollups WHERE (device_id, event_type, key, width_ms, start) IN
         (SELECT device_id, event_type, key, width_ms, start FROM rollups WHERE device_id = ? LIMIT ?)`,
    );
  }

  /** Removes readings of a device. Answers whether there may be more. */
  forgetReadings(deviceId: string, rowsMax: number): boolean {
    return transaction(this.#database, () => {
      return this.#forgetReadings(deviceId, rowsMax) === rowsMax;
    });
  }

  /** Removes the device and what is left of it in one commit. Answers whether there was one. */
  removeDevice(deviceId: string): boolean {
    return transaction(this.#database, () => {
      this.#forgetReadings(deviceId, everyRow);
      this.#database.prepare('DELETE FROM state WHERE device_id = ?').run(deviceId);
      this.#database.prepare('DELETE FROM rollup_repairs WHERE device_id = ?').run(deviceId);
      return this.#database.prepare('DELETE FROM devices WHERE id = ?').run(deviceId).changes === 1;
    });
  }

  /** Answers how many rows went, of the table that lost the most. */
  #forgetReadings(deviceId: string, rowsMax: number): number {
    this.#rawOfDevice.run(deviceId, rowsMax);
    this.#inboxOfDevice.run(deviceId, rowsMax);
    const rollups = Number(this.#rollupsOfDevice.run(deviceId, rowsMax).changes);
    return Math.max(rollups, Number(this.#historyOfDevice.run(deviceId, rowsMax).changes));
  }
}

/** A negative LIMIT is none. */
const everyRow = -1;
