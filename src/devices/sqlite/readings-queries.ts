import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { SluiceError } from '../../errors.ts';
import type { HistoryQuery, HistoryRow, StateEntry } from '../store.ts';
import { inboxOfNow } from './inbox.ts';
import { sqliteLimits } from './limits.ts';

/** Reads latest state and history. */
export class ReadingsQueries {
  readonly #state: StatementSync;
  readonly #history: StatementSync;
  readonly #historyOnwards: StatementSync;
  readonly #rowsOfMessage: StatementSync;

  constructor(database: DatabaseSync) {
    this.#state = database.prepare(
      `SELECT event_type, key, value, time, seq, message_id FROM state WHERE device_id = ? ORDER BY event_type, key`,
    );
    // Pages go by (time, id), which is the order of the index, so that a page costs its own rows only.
    this.#history = database.prepare(
      `SELECT ${historyColumns} FROM history
       WHERE device_id = :deviceId AND time >= :from AND time < :to
         AND (:eventType IS NULL OR event_type = :eventType)
         AND (:before IS NULL OR (time, id) < ((SELECT time FROM history WHERE id = :before), :before))
       ORDER BY time DESC, id DESC LIMIT :limit`,
    );
    this.#historyOnwards = database.prepare(
      `SELECT ${historyColumns} FROM history
       WHERE device_id = :deviceId AND time >= :from AND time < :to
         AND (:eventType IS NULL OR event_type = :eventType) AND (time, id) > (:time, :id)
       ORDER BY time, id LIMIT :limit`,
    );
    this.#rowsOfMessage = database.prepare(
      `SELECT ${historyColumns} FROM history
       WHERE id >= (SELECT first_id FROM ${inboxOfNow} WHERE device_id = :deviceId AND message_id = :messageId)
         AND id < (SELECT first_id + readings FROM ${inboxOfNow} WHERE device_id = :deviceId AND message_id = :messageId)
       ORDER BY id`,
    );
  }

  state(deviceId: string): StateEntry[] {
    const entries: StateEntry[] = [];
    let text = 0;
    for (const row of this.#state.iterate(deviceId) as Iterable<unknown> as Iterable<StateRow>) {
      text += row.key.length + row.value.length;
      if (text > sqliteLimits.stateTextMax) throw stateTooLarge(deviceId);
      entries.push(toStateEntry(row));
    }
    return entries;
  }

  history(query: HistoryQuery): HistoryRow[] {
    const from = query.from ?? Number.MIN_SAFE_INTEGER;
    const asked = {
      deviceId: query.deviceId,
      to: query.to ?? Number.MAX_SAFE_INTEGER,
      eventType: query.eventType ?? null,
      limit: query.limit,
    };
    if (query.after === undefined) return page(this.#history, { ...asked, from, before: query.before ?? null });
    const { time, id } = query.after;
    return page(this.#historyOnwards, { ...asked, time, id, from: Math.max(from, time) });
  }

  message(deviceId: string, messageId: string): HistoryRow[] {
    return page(this.#rowsOfMessage, { deviceId, messageId });
  }
}

/** Rows until their data is a page full; at least one, where there is one. */
function page(statement: StatementSync, parameters: Record<string, SQLInputValue>): HistoryRow[] {
  const rows: HistoryRow[] = [];
  let text = 0;
  for (const row of statement.iterate(parameters) as Iterable<unknown> as Iterable<HistoryTableRow>) {
    text += row.data.length;
    if (rows.length > 0 && text > sqliteLimits.pageTextMax) break;
    rows.push(toHistoryRow(row));
  }
  return rows;
}

function stateTooLarge(deviceId: string): SluiceError {
  return new SluiceError(
    'quota_exceeded',
    `Cannot answer the state of "${deviceId}": it has more than ${sqliteLimits.stateTextMax} characters; read its history by event type`,
  );
}

function toStateEntry(row: StateRow): StateEntry {
  return {
    eventType: row.event_type,
    key: row.key,
    value: JSON.parse(row.value),
    time: row.time,
    seq: row.seq ?? undefined,
    messageId: row.message_id,
  };
}

const historyColumns =
  'id, message_id, event_type, time, seq, received_at, processed_at, driver, driver_version, outcome, data, warnings';

interface StateRow {
  readonly event_type: string;
  readonly key: string;
  readonly value: string;
  readonly time: number;
  readonly seq: number | null;
  readonly message_id: string;
}

interface HistoryTableRow {
  readonly id: number;
  readonly message_id: string;
  readonly event_type: string;
  readonly time: number;
  readonly seq: number | null;
  readonly received_at: number;
  readonly processed_at: number;
  readonly driver: string;
  readonly driver_version: string;
  readonly outcome: string;
  readonly data: string;
  readonly warnings: string | null;
}

function toHistoryRow(row: HistoryTableRow): HistoryRow {
  return {
    id: row.id,
    messageId: row.message_id,
    eventType: row.event_type,
    time: row.time,
    seq: row.seq ?? undefined,
    receivedAt: row.received_at,
    processedAt: row.processed_at,
    driver: row.driver,
    driverVersion: row.driver_version,
    outcome: row.outcome as HistoryRow['outcome'],
    data: JSON.parse(row.data),
    ...(row.warnings === null ? {} : { warnings: JSON.parse(row.warnings) }),
  };
}
