import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { InboxEntry } from '../store.ts';
import { inboxOfNow } from './inbox.ts';
import { sqliteLimits } from './limits.ts';

/** Finds messages by their id, whichever devices they are of: the key of the inbox begins with it. */
export class StoryQueries {
  readonly #entries: StatementSync;

  constructor(database: DatabaseSync) {
    this.#entries = database.prepare(
      `SELECT inbox.device_id, inbox.processed_at, inbox.readings,
              raw.topic, raw.f_port, raw.driver, raw.driver_version, raw.payload
       FROM ${inboxOfNow} LEFT JOIN raw ON raw.id = inbox.first_id AND raw.device_id = inbox.device_id AND raw.message_id = inbox.message_id
       WHERE inbox.message_id = :messageId AND (:deviceId IS NULL OR inbox.device_id = :deviceId)
       ORDER BY inbox.device_id LIMIT :limit`,
    );
  }

  /** Until their bytes are a page full; at least one, where there is one. */
  inbox(messageId: string, deviceId: string | undefined, limit: number): InboxEntry[] {
    const entries: InboxEntry[] = [];
    let bytes = 0;
    const rows = this.#entries.iterate({ messageId, deviceId: deviceId ?? null, limit });
    for (const row of rows as Iterable<unknown> as Iterable<InboxRow>) {
      bytes += row.payload?.length ?? 0;
      if (entries.length > 0 && bytes > sqliteLimits.pageTextMax) break;
      entries.push(toEntry(row));
    }
    return entries;
  }
}

interface InboxRow {
  readonly device_id: string;
  readonly processed_at: number;
  readonly readings: number;
  /** These where the raw bytes are kept (still). */
  readonly topic: string | null;
  readonly f_port: number | null;
  readonly driver: string | null;
  readonly driver_version: string | null;
  readonly payload: Uint8Array | null;
}

function toEntry(row: InboxRow): InboxEntry {
  const { topic, driver, driver_version: driverVersion, payload } = row;
  const raw =
    topic === null || driver === null || driverVersion === null || payload === null
      ? undefined
      : { topic, fPort: row.f_port ?? undefined, driver, driverVersion, payload };
  return { deviceId: row.device_id, processedAt: row.processed_at, readings: row.readings, raw };
}
