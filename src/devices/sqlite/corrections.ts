import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JsonValue } from '../../std/json.ts';
import { isNewer } from '../freshness.ts';
import type { Correction } from '../raw.ts';
import type { Reading } from '../store.ts';
import { transaction } from './database.ts';
import { RollupRepairs } from './rollup-repairs.ts';

/** Gives out ids of history rows: so many, one behind the other; answers the first. */
export type TakeIds = (count: number) => number;

/** Puts what a corrected driver made of messages in the place of what they were. */
export class Corrections {
  readonly #database: DatabaseSync;
  readonly #takeIds: TakeIds;
  readonly #inbox: StatementSync;
  readonly #rows: StatementSync;
  readonly #repairs: RollupRepairs;
  readonly #forget: StatementSync;
  readonly #insert: StatementSync;
  readonly #moveInbox: StatementSync;
  readonly #moveRaw: StatementSync;
  readonly #ownState: StatementSync;
  readonly #state: StatementSync;
  readonly #dropState: StatementSync;
  readonly #putState: StatementSync;

  constructor(database: DatabaseSync, takeIds: TakeIds) {
    this.#database = database;
    this.#takeIds = takeIds;
    this.#inbox = database.prepare('SELECT first_id, readings FROM inbox WHERE message_id = ? AND device_id = ?');
    this.#rows = database.prepare('SELECT event_type AS eventType, time FROM history WHERE id >= ? AND id < ?');
    this.#repairs = new RollupRepairs(database);
    this.#forget = database.prepare('DELETE FROM history WHERE id >= ? AND id < ?');
    this.#insert = database.prepare(
      `INSERT INTO history (id, device_id, message_id, event_type, time, seq, received_at, processed_at, driver, driver_version,
         outcome, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#moveInbox = database.prepare(
      'UPDATE inbox SET first_id = ?, readings = ? WHERE message_id = ? AND device_id = ?',
    );
    this.#moveRaw = database.prepare('UPDATE raw SET id = ?, driver = ?, driver_version = ? WHERE id = ?');
    this.#ownState = database.prepare(
      'SELECT event_type, key FROM state WHERE device_id = ? AND event_type = ? AND message_id = ?',
    );
    this.#state = database.prepare(
      'SELECT time, seq, received_at, message_id FROM state WHERE device_id = ? AND event_type = ? AND key = ?',
    );
    this.#dropState = database.prepare('DELETE FROM state WHERE device_id = ? AND event_type = ? AND key = ?');
    this.#putState = database.prepare(
      `INSERT OR REPLACE INTO state (device_id, event_type, key, value, time, seq, received_at, message_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  correct(batch: readonly Correction[]): boolean[] {
    return transaction(this.#database, () => batch.map((correction) => this.#correct(correction)));
  }

  #correct(correction: Correction): boolean {
    const { id, deviceId, messageId, readings } = correction;
    const known = this.#inbox.get(messageId, deviceId) as InboxRow | undefined;
    // Its retention is over, or its device was removed, or it was corrected by somebody else meanwhile.
    if (known === undefined || known.first_id !== id) return false;
    const olds = this.#rowsOf(id, known.readings);
    this.#forget.run(id, id + known.readings);
    // What has more readings than before gets ids of its own, since those of a message are neighbours.
    const first = readings.length > Math.max(1, known.readings) ? this.#takeIds(readings.length) : id;
    for (const [at, reading] of readings.entries()) this.#put(correction, first + at, reading);
    this.#moveInbox.run(first, readings.length, messageId, deviceId);
    this.#moveRaw.run(first, correction.driver, correction.driverVersion, id);
    this.#dropWhatIsNotSaid(correction, new Set(olds.map(({ eventType }) => eventType)));
    for (const { eventType, time } of [...olds, ...readings])
      this.#repairs.mark(deviceId, eventType, time, correction.processedAt);
    return true;
  }

  #rowsOf(first: number, count: number): { eventType: string; time: number }[] {
    return this.#rows.all(first, first + count) as { eventType: string; time: number }[];
  }

  #put(correction: Correction, id: number, reading: Reading): void {
    const { deviceId, messageId, receivedAt, processedAt, driver, driverVersion } = correction;
    let applied = Object.keys(reading.data).length === 0;
    for (const [key, value] of Object.entries(reading.data)) {
      if (this.#offer(correction, reading, key, value)) applied = true;
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
    );
  }

  /** What the state has from this very message is replaced; else the newer one counts, as ever. */
  #offer(correction: Correction, reading: Reading, key: string, value: JsonValue): boolean {
    const { deviceId, messageId, receivedAt } = correction;
    const { eventType, time, seq } = reading;
    const known = this.#state.get(deviceId, eventType, key) as StateRow | undefined;
    if (known !== undefined && known.message_id !== messageId) {
      const version = { time: known.time, seq: known.seq ?? undefined, receivedAt: known.received_at };
      if (!isNewer({ time, seq, receivedAt }, version)) return false;
    }
    this.#putState.run(deviceId, eventType, key, JSON.stringify(value), time, seq ?? null, receivedAt, messageId);
    return true;
  }

  /** Keys that the state has from this message, which does not say them any more. */
  #dropWhatIsNotSaid({ deviceId, messageId, readings }: Correction, eventTypes: ReadonlySet<string>): void {
    for (const eventType of eventTypes) {
      const said = new Set(
        readings.filter((each) => each.eventType === eventType).flatMap(({ data }) => Object.keys(data)),
      );
      for (const { key } of this.#ownState.all(deviceId, eventType, messageId) as { key: string }[]) {
        if (!said.has(key)) this.#dropState.run(deviceId, eventType, key);
      }
    }
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
  readonly message_id: string;
}
