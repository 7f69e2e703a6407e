import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';
import { sqliteLimits } from './limits.ts';

/** How long rows are kept whose device type says nothing of it, in milliseconds. */
export interface UsualAges {
  readonly inboxMs: number;
  readonly rawMs: number;
}

/**
 * Takes message ids out of the inbox and bytes out of `raw` once they are older than their device type keeps them. What is
 * older than any type keeps goes unseen. Below that, one walk for each age passes over the rows in the order of their arrival
 * and takes those of the types that keep nothing longer. Walks are only in memory: after a restart, or when a type says
 * something else, they begin anew and pass over what longer ages keep.
 */
export class AgeRetention {
  readonly #database: DatabaseSync;
  readonly #types: StatementSync;
  readonly #inbox: AgeSweep;
  readonly #raw: AgeSweep;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#types = database.prepare(
      `SELECT name, settings ->> '$.retention.inboxMs' AS inboxMs, settings ->> '$.retention.rawMs' AS rawMs
       FROM device_types WHERE inboxMs IS NOT NULL OR rawMs IS NOT NULL ORDER BY name`,
    );
    this.#inbox = new AgeSweep(inboxRows(database));
    this.#raw = new AgeSweep(rawRows(database));
  }

  /** Looks at `rowsMax` rows of each table and walk at most. Answers whether there may be more. */
  sweep(now: number, usual: UsualAges, rowsMax: number): boolean {
    return transaction(this.#database, () => {
      const types = this.#types.all() as unknown as (Partial<UsualAges> & { readonly name: string })[];
      const agesOf = (key: keyof UsualAges): Ages => {
        const own = types.flatMap(({ name, [key]: ms }) => (typeof ms === 'number' ? [[name, ms] as const] : []));
        return { usual: usual[key], own: new Map(own) };
      };
      const inbox = this.#inbox.sweep(now, agesOf('inboxMs'), rowsMax);
      const raw = this.#raw.sweep(now, agesOf('rawMs'), rowsMax);
      return inbox || raw;
    });
  }
}

/** How long a table keeps rows. */
interface Ages {
  readonly usual: number;
  /** Of the types that say it themselves. */
  readonly own: ReadonlyMap<string, number>;
}

/** A row, or how far a walk is. */
interface Place {
  readonly at: number;
  readonly key: string | number;
  readonly deviceId: string;
}

interface AgedRow extends Place {
  /** Of the device; null where that is gone. */
  readonly type: string | null;
}

/** The rows of one table in the order of their arrival. */
interface AgedRows {
  /** In front of every row. */
  readonly start: Place;
  /** Removes the first, whosever they are. Answers how many. */
  removeFirst(before: number, rowsMax: number): number;
  after(place: Place, before: number, rowsMax: number): readonly AgedRow[];
  remove(row: Place): void;
}

function inboxRows(database: DatabaseSync): AgedRows {
  const first = database.prepare(
    `DELETE FROM inbox WHERE (device_id, message_id) IN
       (SELECT device_id, message_id FROM inbox WHERE processed_at < ? ORDER BY processed_at LIMIT ?)`,
  );
  // The index by age has the whole key of the table behind it.
  const after = database.prepare(
    `SELECT processed_at AS at, message_id AS key, device_id AS deviceId, devices.type
     FROM inbox LEFT JOIN devices ON devices.id = inbox.device_id
     WHERE (processed_at, message_id, device_id) > (?, ?, ?) AND processed_at < ?
     ORDER BY processed_at, message_id, device_id LIMIT ?`,
  );
  const remove = database.prepare('DELETE FROM inbox WHERE message_id = ? AND device_id = ?');
  return {
    start: { at: Number.MIN_SAFE_INTEGER, key: '', deviceId: '' },
    removeFirst: (before, rowsMax) => Number(first.run(before, rowsMax).changes),
    after: ({ at, key, deviceId }, before, rowsMax) => all(after, at, key, deviceId, before, rowsMax),
    remove: ({ key, deviceId }) => void remove.run(key, deviceId),
  };
}

function rawRows(database: DatabaseSync): AgedRows {
  // The inner limit goes first: raw rows lie in the order of arrival, so only the oldest are looked at.
  const first = database.prepare(
    `DELETE FROM raw WHERE id IN
       (SELECT id FROM (SELECT id, processed_at FROM raw ORDER BY id LIMIT :rowsMax) WHERE processed_at < :before)`,
  );
  const after = database.prepare(
    `SELECT processed_at AS at, slice.id AS key, device_id AS deviceId, devices.type
     FROM (SELECT id, processed_at, device_id FROM raw WHERE id > ? ORDER BY id LIMIT ?) AS slice
     LEFT JOIN devices ON devices.id = slice.device_id
     WHERE processed_at < ? ORDER BY slice.id`,
  );
  const remove = database.prepare('DELETE FROM raw WHERE id = ?');
  return {
    start: { at: 0, key: 0, deviceId: '' },
    removeFirst: (before, rowsMax) => Number(first.run({ before, rowsMax }).changes),
    after: ({ key }, before, rowsMax) => all(after, key, rowsMax, before),
    remove: ({ key }) => void remove.run(key),
  };
}

function all(statement: StatementSync, ...values: (string | number)[]): readonly AgedRow[] {
  return statement.all(...values) as unknown as readonly AgedRow[];
}

class AgeSweep {
  readonly #rows: AgedRows;
  /** How far the walk of each age is: as many as `retentionAgesMax`. */
  readonly #places = new Map<number, Place>();
  #agesSeen = '';

  constructor(rows: AgedRows) {
    this.#rows = rows;
  }

  sweep(now: number, ages: Ages, rowsMax: number): boolean {
    this.#startAnewWhereChanged(ages);
    const sorted = [...new Set([ages.usual, ...ages.own.values()])].sort((one, other) => one - other);
    const longest = sorted.pop() as number;
    let more = this.#rows.removeFirst(now - longest, rowsMax) === rowsMax;
    for (const age of sorted.slice(0, sqliteLimits.retentionAgesMax)) {
      if (this.#walk(age, now - age, ages, rowsMax)) more = true;
    }
    return more;
  }

  #walk(age: number, before: number, { usual, own }: Ages, rowsMax: number): boolean {
    const passed = this.#rows.after(this.#places.get(age) ?? this.#rows.start, before, rowsMax);
    for (const row of passed) {
      const kept = row.type === null ? usual : (own.get(row.type) ?? usual);
      if (kept <= age) this.#rows.remove(row);
    }
    const last = passed.at(-1);
    if (last !== undefined) this.#places.set(age, last);
    return passed.length === rowsMax;
  }

  /** A type that keeps less than before has rows that its new walk may have passed already. */
  #startAnewWhereChanged({ usual, own }: Ages): void {
    const seen = JSON.stringify([usual, ...own]);
    if (seen !== this.#agesSeen) this.#places.clear();
    this.#agesSeen = seen;
  }
}
