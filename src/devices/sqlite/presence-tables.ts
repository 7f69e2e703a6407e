import type { Presence, PresenceChange, StoredPresence } from '../presence.ts';
import { transaction } from './database.ts';
import type { Statements } from './statements.ts';

interface PresenceRow {
  readonly online: number;
  readonly connected_at: number | null;
  readonly disconnected_at: number | null;
}

/** Which devices are connected, as rows. */
export class PresenceTables {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  put(changes: readonly PresenceChange[]): (PresenceChange & StoredPresence)[] {
    return transaction(this.#sql.database, () => changes.flatMap((change) => this.#write(change)));
  }

  turnOffline(at: number, rowsMax: number): StoredPresence[] {
    return transaction(this.#sql.database, () => {
      const rows = this.#sql.all<{ deviceId: string; deviceType: string }>(
        `SELECT devices.id AS deviceId, devices.type AS deviceType FROM presence
         JOIN devices ON devices.id = device_id WHERE online = 1 LIMIT ?`,
        rowsMax,
      );
      return rows.flatMap(({ deviceId }) => this.#write({ deviceId, online: false, at }));
    });
  }

  of(deviceIds: readonly string[]): Map<string, Presence> {
    const found = new Map<string, Presence>();
    for (const id of deviceIds) {
      const row = this.#sql.get<PresenceRow>('SELECT * FROM presence WHERE device_id = ?', id);
      if (row !== undefined) found.set(id, toPresence(row));
    }
    return found;
  }

  #write(change: PresenceChange): (PresenceChange & StoredPresence)[] {
    const { deviceId, online, at } = change;
    const device = this.#sql.get<{ type: string }>('SELECT type FROM devices WHERE id = ?', deviceId);
    if (device === undefined) return [];
    this.#sql.run(
      `INSERT INTO presence (device_id, online, connected_at, disconnected_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET online = excluded.online,
         connected_at = coalesce(excluded.connected_at, connected_at),
         disconnected_at = coalesce(excluded.disconnected_at, disconnected_at)`,
      deviceId,
      online ? 1 : 0,
      online ? at : null,
      online ? null : at,
    );
    return [{ ...change, deviceType: device.type }];
  }
}

function toPresence({ online, connected_at: came, disconnected_at: went }: PresenceRow): Presence {
  return { online: online === 1, connectedAt: came ?? undefined, disconnectedAt: went ?? undefined };
}
