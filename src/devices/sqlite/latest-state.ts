import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { JsonValue } from '../../std/json.ts';
import { isNewer, type Version } from '../freshness.ts';
import type { ReadingTuple } from './batch.ts';
import { type RoomOfGroup, StateRoom } from './state-room.ts';

/**
 * The newest value of each (device, event type, key). Readings are offered to it; `write` then puts what changed into the
 * table, once per key however often the batch changed it.
 *
 * It remembers the versions of what it saw, because reading them again for each batch would cost more than writing.
 * That is right as long as nobody else writes: `data_version` tells, and makes it forget.
 */
export class LatestState {
  readonly #groups = new Map<string, Group>();
  readonly #changed: Entry[] = [];
  readonly #touched = new Set<string>();
  readonly #room: StateRoom;
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #keysMax: number;
  #keys = 0;
  #seenDataVersion = -1;

  constructor(database: DatabaseSync, keysMax: number) {
    this.#keysMax = keysMax;
    this.#select = database.prepare(
      'SELECT time, seq, received_at FROM state WHERE device_id = ? AND event_type = ? AND key = ?',
    );
    this.#room = new StateRoom(database);
    this.#upsert = database.prepare(
      `INSERT INTO state (device_id, event_type, key, value, time, seq, received_at, message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, time = excluded.time, seq = excluded.seq,
         received_at = excluded.received_at, message_id = excluded.message_id`,
    );
    this.#dataVersion = database.prepare('PRAGMA data_version');
  }

  /** To be called inside the transaction, before the first `offer`. */
  begin(): void {
    const { data_version: version } = this.#dataVersion.get() as { data_version: number };
    if (version !== this.#seenDataVersion) this.forget();
    this.#seenDataVersion = version;
  }

  /** Takes what the reading says where it is newer. Answers whether anything was, or whether the reading says nothing. */
  offer(deviceId: string, messageId: string, receivedAt: number, reading: ReadingTuple): boolean {
    const [eventType, time, seq, data] = reading;
    const candidate = { time, seq: seq ?? undefined, receivedAt };
    const group = this.#group(deviceId, eventType);
    const keys = Object.keys(data);
    let newer = keys.length === 0;
    for (const key of keys) {
      if (this.#take(group, key, candidate, messageId, data[key])) newer = true;
    }
    return newer;
  }

  /** Writes what the batch changed. */
  write(): void {
    for (const entry of this.#changed) {
      const { deviceId, eventType } = entry.group;
      const value = JSON.stringify(entry.value);
      const { time, seq, receivedAt } = entry.version;
      this.#upsert.run(deviceId, eventType, entry.key, value, time, seq ?? null, receivedAt, entry.messageId);
    }
  }

  /** Keys of this batch, by device, for which the state has no room. */
  get leftOut(): ReadonlyMap<string, number> {
    return this.#room.leftOut;
  }

  /** The batch was committed. */
  keep(): void {
    for (const entry of this.#changed) {
      entry.changed = false;
      entry.value = null;
    }
    this.#changed.length = 0;
    this.#touched.clear();
    this.#room.close();
    if (this.#keys > this.#keysMax) this.#shrink();
  }

  /** The batch was rolled back: what it touched is read again when it is needed. */
  undo(): void {
    for (const name of this.#touched) this.#drop(name);
    this.#changed.length = 0;
    this.#touched.clear();
    this.#room.close();
  }

  /** Forgets every version that it remembers, because the table was changed by another way than `write`. */
  forget(): void {
    this.#groups.clear();
    this.#keys = 0;
  }

  #take(group: Group, key: string, candidate: Version, messageId: string, value: JsonValue): boolean {
    const known = group.entries.get(key) ?? this.#read(group, key);
    if (known === undefined) {
      // What is said is new, and kept in the history; the state may have no room for it.
      if (this.#room.take(group)) this.#add(group, key, candidate, messageId, value);
      return true;
    }
    if (!isNewer(candidate, known.version)) return false;
    known.version = candidate;
    known.messageId = messageId;
    known.value = value;
    if (!known.changed) this.#changed.push(known);
    known.changed = true;
    return true;
  }

  #add(group: Group, key: string, version: Version, messageId: string, value: JsonValue): void {
    const entry: Entry = { group, key, version, messageId, value, changed: true };
    group.entries.set(key, entry);
    this.#keys++;
    this.#changed.push(entry);
  }

  /** One key and not its whole group: what a message costs must not depend on what its device sent before. */
  #read(group: Group, key: string): Entry | undefined {
    if (group.entries.size === group.keys) return undefined;
    const row = this.#select.get(group.deviceId, group.eventType, key) as VersionRow | undefined;
    if (row === undefined) return undefined;
    const version = { time: row.time, seq: row.seq ?? undefined, receivedAt: row.received_at };
    const entry: Entry = { group, key, version, messageId: '', value: null, changed: false };
    group.entries.set(key, entry);
    this.#keys++;
    return entry;
  }

  #group(deviceId: string, eventType: string): Group {
    const name = `${deviceId}\n${eventType}`;
    this.#touched.add(name);
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group: Group = { deviceId, eventType, entries: new Map(), keys: undefined };
    this.#groups.set(name, group);
    // A group takes room too, also one without keys.
    this.#keys++;
    return group;
  }

  #drop(name: string): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    this.#keys -= group.entries.size + 1;
    this.#groups.delete(name);
  }

  /** Forgets the oldest groups until half of the room is free, so that it does not come here for every batch. */
  #shrink(): void {
    for (const name of this.#groups.keys()) {
      if (this.#keys <= this.#keysMax / 2) return;
      this.#drop(name);
    }
  }
}

interface Group extends RoomOfGroup {
  readonly entries: Map<string, Entry>;
}

interface Entry {
  readonly group: Group;
  readonly key: string;
  version: Version;
  messageId: string;
  /** Held only between `offer` and `keep`. */
  value: JsonValue;
  changed: boolean;
}

interface VersionRow {
  readonly time: number;
  readonly seq: number | null;
  readonly received_at: number;
}
