import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';

/** Takes rows out again: those that are too old, and those of a device that goes. Always at most `rowsMax` per table and call. */
export class Retention {
  readonly #database: DatabaseSync;
  readonly #oldInbox: StatementSync;
  readonly #oldRaw: StatementSync;
  readonly #rawOfDevice: StatementSync;
  readonly #historyOfDevice: StatementSync;
  readonly #inboxOfDevice: StatementSync;
  readonly #rollupsOfDevice: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#oldInbox = database.prepare(
      `DELETE FROM inbox WHERE (device_id, message_id) IN
         (SELECT device_id, message_id FROM inbox WHERE processed_at < ? ORDER BY processed_at LIMIT ?)`,
    );
    // The inner limit goes first: raw rows lie in the order of arrival, so only the oldest are looked at.
    this.#oldRaw = database.prepare(
      `DELETE FROM raw WHERE id IN
         (SELECT id FROM (SELECT id, processed_at FROM raw ORDER BY id LIMIT :rowsMax) WHERE processed_at < :before)`,
    );
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

  /** Answers whether there may be more. */
  sweep(inboxBefore: number, rawBefore: number, rowsMax: number): boolean {
    return transaction(this.#database, () => {
      const inbox = Number(this.#oldInbox.run(inboxBefore, rowsMax).changes);
      const raw = Number(this.#oldRaw.run({ before: rawBefore, rowsMax }).changes);
      return inbox === rowsMax || raw === rowsMax;
    });
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
