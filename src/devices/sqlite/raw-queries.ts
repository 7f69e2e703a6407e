import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SluiceError } from '../../errors.ts';
import type { MessageSaid, RawMessage, RawQuery, RawSlice } from '../raw.ts';
import type { Reading } from '../store.ts';
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
    // In the order of the table, a bounded piece at a time: there is no index by device or by time.
    this.#rows = database.prepare(
      `SELECT raw.*, devices.type FROM raw LEFT JOIN devices ON devices.id = raw.device_id
       WHERE raw.id > :after AND raw.id <= :end ORDER BY raw.id LIMIT :rows`,
    );
    this.#readings = database.prepare(
      `SELECT event_type, time, seq, received_at, data FROM history
       WHERE id >= (SELECT first_id FROM inbox WHERE device_id = :deviceId AND message_id = :messageId)
         AND id < (SELECT first_id + readings FROM inbox WHERE device_id = :deviceId AND message_id = :messageId)
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
    const pieces = this.#rows.iterate({ after: last, end, rows: sqliteLimits.rawRowsScannedMax });
    for (const row of pieces as Iterable<unknown> as Iterable<RawRow>) {
      last = row.id;
      rows++;
      if (row.type !== deviceType || row.processed_at < from || row.processed_at >= to) continue;
      messages.push(this.#message(row));
      bytes += row.payload.length;
      if (messages.length >= limit || bytes >= sqliteLimits.pageTextMax) return { messages, next: last, end };
    }
    return { messages, next: rows < sqliteLimits.rawRowsScannedMax ? undefined : last, end };
  }

  #message(row: RawRow): RawMessage {
    const { device_id: deviceId, message_id: messageId } = row;
    const readings = this.#readings.all({ deviceId, messageId }) as unknown as ReadingRow[];
    return {
      id: row.id,
      deviceId,
      messageId,
      topic: row.topic,
      fPort: row.f_port ?? undefined,
      said: saidOf(row, readings),
      receivedAt: row.received_at ?? readings.at(0)?.received_at ?? row.processed_at,
      driver: row.driver,
      driverVersion: row.driver_version,
      payload: row.payload,
      readings: readings.map(toReading),
    };
  }
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
  readonly payload: Uint8Array;
  readonly received_at: number | null;
  readonly said: string | null;
  readonly type: string | null;
}

interface ReadingRow {
  readonly event_type: string;
  readonly time: number;
  readonly seq: number | null;
  readonly received_at: number;
  readonly data: string;
}
