import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JsonValue } from '../../std/json.ts';
import { isNewer } from '../freshness.ts';
import type { Correction } from '../raw.ts';
import type { Reading } from '../store.ts';
import { warningsText } from './batch.ts';
import { transaction } from './database.ts';
import type { HistoryIds } from './history-ids.ts';
import { inboxOfNow } from './inbox.ts';
import { RollupRepairs } from './rollup-repairs.ts';
import type { RollupTables } from './rollup-tables.ts';
import { type RoomOfGroup, StateRoom } from './state-room.ts';

/** Puts what a corrected driver made of messages in the place of what they were. */
export class Corrections {
  readonly #database: DatabaseSync;
  readonly #ids: HistoryIds;
  readonly #rollups: Pick<RollupTables, 'rowsChange'>;
  readonly #inbox: StatementSync;
  readonly #rows: StatementSync;
  readonly #repairs: RollupRepairs;
  readonly #forget: StatementSync;
  readonly #insert: StatementSync;
  readonly #moveInbox: StatementSync;
  readonly #moveRaw: StatementSync;
  readonly #state: StatementSync;
  readonly #dropOwnState: StatementSync;
  readonly #putState: StatementSync;
  readonly #room: StateRoom;

  constructor(database: DatabaseSync, ids: HistoryIds, rollups: Pick<RollupTables, 'rowsChange'>) {
    this.#database = database;
    this.#ids = ids;
    this.#rollups = rollups;
    this.#inbox = database.prepare(
      `SELECT first_id, readings FROM ${inboxOfNow} WHERE message_id = ? AND device_id = ?`,
    );
    this.#rows = database.prepare('SELECT event_type AS eventType, time FROM history WHERE id >= ? AND id < ?');
    this.#repairs = new RollupRepairs(database);
    this.#forget = database.prepare('DELETE FROM history WHERE id >= ? AND id < ?');
    this.#insert = database.prepare(
      `INSERT INTO history (id, device_id, message_id, event_type, time, seq, received_at, processed_at, driver, driver_version,
         outcome, data, warnings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#moveInbox = database.prepare(
      'UPDATE inbox SET first_id = ?, readings = ? WHERE message_id = ? AND device_id = ?',
    );
    this.#moveRaw = database.prepare('UPDATE raw SET id = ?, driver = ?, driver_version = ? WHERE id = ?');
    this.#state = database.prepare(
      'SELECT time, seq, received_at FROM state WHERE device_id = ? AND event_type = ? AND key = ?',
    );
    this.#dropOwnState = database.prepare(
      'DELETE FROM state WHERE device_id = ? AND event_type = ? AND message_id = ?',
    );
    this.#putState = database.prepare(
      `INSERT OR REPLACE INTO state (device_id, event_type, key, value, time, seq, received_at, message_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#room = new StateRoom(database);
  }

  correct(batch: readonly Correction[]): boolean[] {
    try {
      return transaction(this.#database, () => batch.map((correction) => this.#correct(correction)));
    } catch (problem) {
      this.#ids.undo();
      throw problem;
    }
  }

  #correct(correction: Correction): boolean {
    const { id, deviceId, messageId, readings } = correction;
    const known = this.#inbox.get(messageId, deviceId) as InboxRow | undefined;
    // Its retention is over, or its device was removed, or it was corrected by somebody else meanwhile.
    if (known === undefined || known.first_id !== id) return false;
    const olds = this.#rowsOf(id, known.readings);
    this.#forget.run(id, id + known.readings);
    this.#rollups.rowsChange(id, Math.max(known.readings, readings.length));
    // What has more readings than before gets ids of its own, since those of a message are neighbours.
    const first = readings.length > Math.max(1, known.readings) ? this.#ids.take(readings.length) : id;
    this.#dropOwn(correction, olds);
    this.#putAll(correction, first);
    this.#moveInbox.run(first, readings.length, messageId, deviceId);
    this.#moveRaw.run(first, correction.driver, correction.driverVersion, id);
    for (const { eventType, time } of [...olds, ...readings])
      this.#repairs.mark(deviceId, eventType, time, correction.processedAt);
    return true;
  }

  #rowsOf(first: number, count: number): { eventType: string; time: number }[] {
    return this.#rows.all(first, first + count) as { eventType: string; time: number }[];
  }

  /** What the state has from this very message goes, so that what it says now is offered as if it had just come. */
  #dropOwn({ deviceId, messageId }: Correction, olds: readonly { eventType: string }[]): void {
    for (const eventType of new Set(olds.map((old) => old.eventType))) {
      this.#dropOwnState.run(deviceId, eventType, messageId);
    }
  }

  #putAll(correction: Correction, first: number): void {
    const groups = new Map<string, RoomOfGroup>();
    for (const [at, reading] of correction.readings.entries()) {
      const { eventType } = reading;
      const group = groups.get(eventType) ?? { deviceId: correction.deviceId, eventType, keys: undefined };
      groups.set(eventType, group);
      this.#put(correction, first + at, reading, group, at === 0 ? warningsText(correction.warnings ?? []) : null);
    }
    this.#room.close();
  }

  #put(correction: Correction, id: number, reading: Reading, group: RoomOfGroup, warnings: string | null): void {
    const { deviceId, messageId, receivedAt, processedAt, driver, driverVersion } = correction;
    let applied = Object.keys(reading.data).length === 0;
    for (const [key, value] of Object.entries(reading.data)) {
      if (this.#offer(correction, reading, group, key, value)) applied = true;
    }
    this.#insert.run(
      id,
      deviceId,
      messageId,
      reading.eventType,
      reading.time,
      reading.seq ?? null,
      receivedAt,
      processedAt,
      driver,
      driverVersion,
      applied ? 'applied' : 'stale',
      JSON.stringify(reading.data),
      warnings,
    );
  }

  /** As `LatestState` does: the newer one counts, and what the state has no room for stays in the history. */
  #offer(
    { messageId, receivedAt }: Correction,
    { time, seq }: Reading,
    group: RoomOfGroup,
    key: string,
    value: JsonValue,
  ): boolean {
    const { deviceId, eventType } = group;
    const known = this.#state.get(deviceId, eventType, key) as StateRow | undefined;
    if (known !== undefined) {
      const version = { time: known.time, seq: known.seq ?? undefined, receivedAt: known.received_at };
      if (!isNewer({ time, seq, receivedAt }, version)) return false;
    } else if (!this.#room.take(group)) return true;
    this.#putState.run(deviceId, eventType, key, JSON.stringify(value), time, seq ?? null, receivedAt, messageId);
    return true;
  }
}

interface InboxRow {
  readonly first_id: number;
  readonly readings: number;
}

interface StateRow {
  readonly time: number;
  readonly seq: number | null;
  readonly received_at: number;
}
