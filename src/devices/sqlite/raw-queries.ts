import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SluiceError } from '../../errors.ts';
import type { MessageSaid, RawMessage, RawQuery, RawSlice } from '../raw.ts';
import type { Reading } from '../store.ts';
import { inboxOfNow } from './inbox.ts';
import { sqliteLimits } from './limits.ts';

/** Reads the bytes of messages beside what they became. */
export class RawQueries {
  readonly #types: StatementSync;
  readonly #newest: StatementSync;
  readonly #rows: StatementSync;
  readonly #readings: StatementSync;

  constructor(database: DatabaseSync) {
    this.#types = database.prepare('SELECT 1 FROM device_types WHERE name = ?');
    this.#newest = database.prepare('SELECT coalesce(max(id), 0) AS id FROM raw');
    // In the order of the table, a bounded piece at a time: there is no index by device or by time. The bytes of rows that are
    // passed are not read.
    // What came before the device was registered is of another one that had its id.
    this.#rows = database.prepare(
      `SELECT raw.id, device_id, message_id, processed_at, topic, f_port, driver, driver_version, received_at, said,
         iif(devices.type = :deviceType AND raw.id >= devices.since_id AND processed_at >= :from AND processed_at < :to, payload, NULL) AS payload
       FROM raw LEFT JOIN devices ON devices.id = raw.device_id
       WHERE raw.id > :after AND raw.id <= :end ORDER BY raw.id LIMIT :rows`,
    );
    this.#readings = database.prepare(
      `SELECT event_type, time, seq, received_at, data FROM history
       WHERE id >= (SELECT first_id FROM ${inboxOfNow} WHERE device_id = :deviceId AND message_id = :messageId)
         AND id < (SELECT first_id + readings FROM ${inboxOfNow} WHERE device_id = :deviceId AND message_id = :messageId)
       ORDER BY id`,
    );
  }

  slice({ deviceType, from, to, after, limit, ...query }: RawQuery): RawSlice {
    if (this.#types.get(deviceType) === undefined) throw noSuchType(deviceType);
    const end = query.end ?? (this.#newest.get() as { id: number }).id;
    const messages: RawMessage[] = [];
    let bytes = 0;
    let last = after;
    let rows = 0;
    const pieces = this.#rows.iterate({ deviceType, from, to, after, end, rows: sqliteLimits.rawRowsScannedMax });
    for (const row of pieces as Iterable<unknown> as Iterable<RawRow>) {
      last = row.id;
      rows++;
      if (row.payload === null) continue;
      const readings = this.#readingsOf(row);
      messages.push(toMessage(row, row.payload, readings));
      bytes += row.payload.length + readings.reduce((sum, { data }) => sum + data.length, 0);
      if (messages.length >= limit || bytes >= sqliteLimits.pageTextMax) return { messages, next: last, end };
    }
    return { messages, next: rows < sqliteLimits.rawRowsScannedMax ? undefined : last, end };
  }

  #readingsOf({ device_id: deviceId, message_id: messageId }: RawRow): readonly ReadingRow[] {
    return this.#readings.all({ deviceId, messageId }) as unknown as ReadingRow[];
  }
}

function toMessage(row: RawRow, payload: Uint8Array, readings: readonly ReadingRow[]): RawMessage {
  return {
    id: row.id,
    deviceId: row.device_id,
    messageId: row.message_id,
    topic: row.topic,
    fPort: row.f_port ?? undefined,
    said: saidOf(row, readings),
    receivedAt: row.received_at ?? readings.at(0)?.received_at ?? row.processed_at,
    driver: row.driver,
    driverVersion: row.driver_version,
    payload,
    readings: readings.map(toReading),
  };
}

function toReading({ event_type: eventType, time, seq, data }: ReadingRow): Reading {
  return { eventType, time, seq: seq ?? undefined, data: JSON.parse(data) };
}

/** Where it was not kept, time and number are those of the first reading. */
function saidOf({ received_at: receivedAt, said }: RawRow, readings: readonly ReadingRow[]): MessageSaid {
  if (receivedAt === null) return { time: readings.at(0)?.time, seq: readings.at(0)?.seq ?? undefined };
  return said === null ? {} : JSON.parse(said);
}

function noSuchType(name: string): SluiceError {
  return new SluiceError('not_found', `Cannot read messages of device type "${name}": there is none of that name`);
}

interface RawRow {
  readonly id: number;
  readonly processed_at: number;
  readonly device_id: string;
  readonly message_id: string;
  readonly topic: string;
  readonly f_port: number | null;
  readonly driver: string;
  readonly driver_version: string;
  /** Null where it is of another type, or of another time, than was asked for. */
  readonly payload: Uint8Array | null;
  readonly received_at: number | null;
  readonly said: string | null;
}

interface ReadingRow {
  readonly event_type: string;
  readonly time: number;
  readonly seq: number | null;
  readonly received_at: number;
  readonly data: string;
}
