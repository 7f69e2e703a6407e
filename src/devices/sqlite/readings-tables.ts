import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { MessageKey } from '../store.ts';
import type { AppliedBatch, EncodedBatch, EncodedOutcomes, MessageTuple } from './batch.ts';
import { rollBack, transaction } from './database.ts';
import type { HistoryIds } from './history-ids.ts';
import { inboxOfNow } from './inbox.ts';
import { LatestState } from './latest-state.ts';

/** Writes batches of messages: inbox → latest state → history → raw, in one transaction each. */
export class ReadingsTables {
  readonly #database: DatabaseSync;
  readonly #state: LatestState;
  readonly #device: StatementSync;
  readonly #keepsRaw: StatementSync;
  /** The devices of this batch: whether their type keeps raw bytes; null where there is no such device. */
  readonly #devices = new Map<string, boolean | null>();
  readonly #types = new Map<string, boolean>();
  readonly #inbox: StatementSync;
  readonly #insertInbox: StatementSync;
  readonly #replaceInbox: StatementSync;
  readonly #insertHistory: StatementSync;
  readonly #insertRaw: StatementSync;
  /** Given by us, so that a message's rows are neighbours and its raw row has the id of the first. */
  readonly #ids: HistoryIds;

  constructor(database: DatabaseSync, ids: HistoryIds, stateKeysCachedMax: number) {
    this.#database = database;
    this.#ids = ids;
    this.#state = new LatestState(database, stateKeysCachedMax);
    this.#device = database.prepare('SELECT type FROM devices WHERE id = ?');
    this.#keepsRaw = database.prepare(
      "SELECT coalesce(settings ->> '$.retention.raw', 1) AS raw FROM device_types WHERE name = ?",
    );
    this.#inbox = database.prepare(`SELECT 1 FROM ${inboxOfNow} WHERE message_id = ? AND device_id = ?`);
    this.#insertInbox = database.prepare(
      `INSERT OR IGNORE INTO inbox (device_id, message_id, processed_at, first_id, readings) VALUES (?, ?, ?, ?, ?)`,
    );
    this.#replaceInbox = database.prepare(
      `INSERT OR REPLACE INTO inbox (device_id, message_id, processed_at, first_id, readings) VALUES (?, ?, ?, ?, ?)`,
    );
    this.#insertHistory = database.prepare(
      `INSERT INTO history (id, device_id, message_id, event_type, time, seq, received_at, processed_at, driver, driver_version,
         outcome, data, warnings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#insertRaw = database.prepare(
      `INSERT INTO raw (id, device_id, message_id, processed_at, topic, f_port, driver, driver_version, payload, received_at, said)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  apply(batch: EncodedBatch): AppliedBatch {
    try {
      const outcomes = transaction(this.#database, () => this.#write(batch));
      const leftOut = [...this.#state.leftOut];
      this.#state.keep();
      return { outcomes, leftOut };
    } catch (problem) {
      this.#state.undo();
      this.#ids.undo();
      throw problem;
    }
  }

  /** Does all of `apply` and takes it back, so that both answer by the same code. */
  preview(batch: EncodedBatch): EncodedOutcomes {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      return this.#write(batch);
    } finally {
      rollBack(this.#database);
      this.#state.undo();
      this.#ids.undo();
    }
  }

  areStored(messages: readonly MessageKey[]): boolean[] {
    return messages.map(({ deviceId, messageId }) => this.#inbox.get(messageId, deviceId) !== undefined);
  }

  /** To be called after rows of state were removed or changed. */
  forgetState(): void {
    this.#state.forget();
  }

  #write(batch: EncodedBatch): EncodedOutcomes {
    this.#state.begin();
    this.#devices.clear();
    this.#types.clear();
    const messages: readonly MessageTuple[] = JSON.parse(batch.text);
    const outcomes = new Uint8Array(messages.length);
    let at = 0;
    for (let i = 0; i < messages.length; i++) {
      const end = at + messages[i][8];
      outcomes[i] = this.#writeMessage(messages[i], batch.raw.subarray(at, end));
      at = end;
    }
    this.#state.write();
    return outcomes;
  }

  #writeMessage(message: MessageTuple, payload: Uint8Array): number {
    const [deviceId, messageId, , processedAt, , , , , , readings] = message;
    // It may have been removed while the message was decoded: what is stored now would greet the next device of this id.
    const keepsRaw = this.#keepsRawOf(deviceId);
    if (keepsRaw === null) return unknown;
    if (!this.#enterInbox(deviceId, messageId, processedAt, readings.length)) return duplicate;
    // A message without readings takes an id too, for its raw row.
    const firstId = this.#ids.take(Math.max(1, readings.length));
    if (keepsRaw) this.#keepRaw(firstId, message, payload);
    return this.#writeReadings(firstId, message);
  }

  /** Under the id that is taken next. False where it is there: it may also be one of another device that had the id before. */
  #enterInbox(deviceId: string, messageId: string, processedAt: number, readings: number): boolean {
    const { next } = this.#ids;
    if (this.#insertInbox.run(deviceId, messageId, processedAt, next, readings).changes === 1) return true;
    if (this.#inbox.get(messageId, deviceId) !== undefined) return false;
    this.#replaceInbox.run(deviceId, messageId, processedAt, next, readings);
    return true;
  }

  #keepRaw(id: number, message: MessageTuple, payload: Uint8Array): void {
    const [deviceId, messageId, receivedAt, processedAt, driver, driverVersion, topic, fPort, , , said] = message;
    const saidText = said === null ? null : JSON.stringify(said);
    this.#insertRaw.run(
      id,
      deviceId,
      messageId,
      processedAt,
      topic,
      fPort,
      driver,
      driverVersion,
      payload,
      receivedAt,
      saidText,
    );
  }

  #writeReadings(firstId: number, message: MessageTuple): number {
    const [deviceId, messageId, receivedAt, processedAt, driver, driverVersion, , , , readings, , warnings] = message;
    let outcome = readings.length === 0 ? applied : stale;
    for (let i = 0; i < readings.length; i++) {
      const [eventType, time, seq, data] = readings[i];
      const newer = this.#state.offer(deviceId, messageId, receivedAt, readings[i]);
      if (newer) outcome = applied;
      this.#insertHistory.run(
        firstId + i,
        deviceId,
        messageId,
        eventType,
        time,
        seq,
        receivedAt,
        processedAt,
        driver,
        driverVersion,
        newer ? 'applied' : 'stale',
        JSON.stringify(data),
        i === 0 ? warnings : null,
      );
    }
    return outcome;
  }

  #keepsRawOf(deviceId: string): boolean | null {
    let keepsRaw = this.#devices.get(deviceId);
    if (keepsRaw === undefined) {
      const device = this.#device.get(deviceId) as { type: string } | undefined;
      keepsRaw = device === undefined ? null : this.#typeKeepsRaw(device.type);
      this.#devices.set(deviceId, keepsRaw);
    }
    return keepsRaw;
  }

  #typeKeepsRaw(type: string): boolean {
    let keepsRaw = this.#types.get(type);
    if (keepsRaw === undefined) {
      keepsRaw = (this.#keepsRaw.get(type) as { raw: number }).raw === 1;
      this.#types.set(type, keepsRaw);
    }
    return keepsRaw;
  }
}

// Positions in `storeOutcomes`.
const applied = 0;
const stale = 1;
const duplicate = 2;
const unknown = 3;
