import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import { startOf } from './bucket.ts';
import { type SqliteLimits, sqliteLimits } from './limits.ts';
import { RepairPass, type RepairRow } from './repair-pass.ts';

type RepairLimits = Pick<SqliteLimits, 'rollupRepairsMax' | 'rollupRepairRowsMax' | 'rollupRepairKeysMax'>;

/**
 * Makes roll-ups again where rows of history were replaced: which ones is written down in the transaction that replaces, so
 * that a crash forgets none. Until then they tell the old numbers.
 */
export class RollupRepairs {
  readonly #limits: RepairLimits;
  readonly #mark: StatementSync;
  readonly #keptSince: StatementSync;
  readonly #goneBefore: StatementSync;
  readonly #next: StatementSync;
  readonly #same: StatementSync;
  readonly #firstKey: StatementSync;
  readonly #keyAfter: StatementSync;
  readonly #drop: StatementSync;
  readonly #insert: StatementSync;
  readonly #rows: StatementSync;
  readonly #done: StatementSync;
  /** In work. What it has read is in memory only: after a restart it begins again. */
  #open: OpenRepair | undefined;

  constructor(database: DatabaseSync, limits: RepairLimits = sqliteLimits) {
    this.#limits = limits;
    this.#mark = database.prepare(
      `INSERT INTO rollup_repairs (device_id, event_type, width_ms, start)
       SELECT :deviceId, :eventType, width_ms, :time - ((:time % width_ms) + width_ms) % width_ms FROM rollup_progress WHERE true
       ON CONFLICT DO UPDATE SET marks = marks + 1`,
    );
    this.#keptSince = database.prepare(
      `SELECT max(coalesce(d.history_from, :ever), coalesce(:now - (t.settings ->> '$.retention.historyMs'), :ever)) AS since
       FROM devices d JOIN device_types t ON t.name = d.type WHERE d.id = :deviceId`,
    );
    this.#goneBefore = database.prepare(
      `SELECT coalesce(max(history_from), ${ever}) AS gone FROM devices WHERE id = ?`,
    );
    const repairs = `SELECT r.device_id AS deviceId, r.event_type AS eventType, r.width_ms AS width, r.start, r.marks, p.history_id AS reached
       FROM rollup_repairs r JOIN rollup_progress p USING (width_ms)`;
    this.#next = database.prepare(`${repairs} LIMIT 1`);
    this.#same = database.prepare(
      `${repairs} WHERE r.device_id = ? AND r.event_type = ? AND r.width_ms = ? AND r.start = ?`,
    );
    this.#firstKey = database.prepare(
      'SELECT key FROM rollups WHERE device_id = ? AND event_type = ? ORDER BY key LIMIT 1',
    );
    this.#keyAfter = database.prepare(
      'SELECT key FROM rollups WHERE device_id = ? AND event_type = ? AND key > ? ORDER BY key LIMIT 1',
    );
    this.#drop = database.prepare(
      'DELETE FROM rollups WHERE device_id = ? AND event_type = ? AND key = ? AND width_ms = ? AND start = ?',
    );
    this.#insert = database.prepare(
      `INSERT INTO rollups (device_id, event_type, key, width_ms, start, count, min, max, sum, last, last_time)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#rows = database.prepare(
      `SELECT id, time, data FROM history INDEXED BY history_device_time
       WHERE device_id = :deviceId AND time >= :start AND time < :end AND (time, id) > (:time, :id) AND id <= :reached
         AND event_type = :eventType ORDER BY time, id LIMIT :rowsMax`,
    );
    this.#done = database.prepare(
      'DELETE FROM rollup_repairs WHERE device_id = ? AND event_type = ? AND width_ms = ? AND start = ?',
    );
  }

  /**
   * A reading of this time came, went or changed. An interval whose history is not kept whole any more stays as it is: to make
   * it again would lose what is in it alone. To be called inside the transaction that changes the history.
   */
  mark(deviceId: string, eventType: string, time: number, now: number): void {
    const kept = this.#keptSince.get({ deviceId, now, ever }) as { since: number } | undefined;
    if (kept === undefined || dayOf(time) >= kept.since) this.#mark.run({ deviceId, eventType, time });
  }

  /** Repairs some. Answers whether there was any. To be called inside a transaction. */
  step(): boolean {
    let rows = 0;
    let passes = 0;
    for (; passes < this.#limits.rollupRepairsMax && rows < this.#limits.rollupRepairRowsMax; passes++) {
      const open = this.#current();
      if (open === undefined) break;
      rows += this.#read(open, this.#limits.rollupRepairRowsMax - rows);
    }
    return passes > 0;
  }

  /** What was undone has to be done again from the start. */
  undo(): void {
    this.#open = undefined;
  }

  /** To be called when the device is gone: the next of its id may have a repair that looks the same. */
  forgetDevice(deviceId: string): void {
    if (this.#open?.repair.deviceId === deviceId) this.#open = undefined;
  }

  /** The one that was begun, unless its history was changed meanwhile; else the next one. */
  #current(): OpenRepair | undefined {
    const repair = (this.#open && this.#same.get(...keyOf(this.#open.repair))) ?? this.#next.get();
    if (repair === undefined) this.#open = undefined;
    else if (!isDeepStrictEqual({ ...repair }, this.#open?.repair))
      this.#open = this.#begin({ ...(repair as unknown as Repair) }, undefined);
    return this.#open;
  }

  #begin(repair: Repair, from: string | undefined): OpenRepair {
    const { rollupRepairKeysMax } = this.#limits;
    const known: string[] = [];
    for (let after = from; known.length < rollupRepairKeysMax; ) {
      const next = this.#nextKey(repair, after);
      if (next === undefined) break;
      known.push(next);
      after = next;
    }
    const to = known.length < rollupRepairKeysMax ? undefined : known.at(-1);
    return { repair, known, pass: new RepairPass(from, to, rollupRepairKeysMax) };
  }

  #nextKey({ deviceId, eventType }: Repair, after: string | undefined): string | undefined {
    const found =
      after === undefined ? this.#firstKey.get(deviceId, eventType) : this.#keyAfter.get(deviceId, eventType, after);
    return (found as { key: string } | undefined)?.key;
  }

  /** Answers how many rows it read: fewer than it might where it came to the end of the interval. */
  #read(open: OpenRepair, rowsMax: number): number {
    const { repair, pass } = open;
    const { deviceId, eventType, width, start, reached } = repair;
    // Its retention came first: to make it again would lose what is in it alone.
    if (dayOf(start) < (this.#goneBefore.get(deviceId) as { gone: number }).gone) {
      this.#finish(repair);
      return 0;
    }
    const { time, id } = pass.after;
    const range = { deviceId, eventType, start: Math.max(start, time), end: start + width, time, id, reached, rowsMax };
    let rows = 0;
    for (const row of this.#rows.iterate(range) as Iterable<unknown> as Iterable<RepairRow>) {
      pass.add(row);
      rows++;
    }
    if (rows < rowsMax) this.#write(open);
    return rows;
  }

  #write({ repair, known, pass }: OpenRepair): void {
    const { deviceId, eventType, width, start } = repair;
    for (const key of known) if (!pass.isBehind(key)) this.#drop.run(deviceId, eventType, key, width, start);
    for (const [key, { count, min, max, sum, last, lastTime }] of pass.buckets())
      this.#insert.run(deviceId, eventType, key, width, start, count, min, max, sum, last, lastTime);
    if (pass.to === undefined) this.#finish(repair);
    else this.#open = this.#begin(repair, pass.to);
  }

  #finish(repair: Repair): void {
    this.#done.run(...keyOf(repair));
    this.#open = undefined;
  }
}

const ever = Number.MIN_SAFE_INTEGER;

/** The longest interval that a time is in: only where that is whole all are. */
function dayOf(time: number): number {
  return startOf(time, sqliteLimits.rollupWidthMsMax);
}

interface OpenRepair {
  readonly repair: Repair;
  /** Keys of the range that the device has roll-ups of, in any interval. */
  readonly known: readonly string[];
  readonly pass: RepairPass;
}

interface Repair {
  readonly deviceId: string;
  readonly eventType: string;
  readonly width: number;
  readonly start: number;
  readonly marks: number;
  readonly reached: number;
}

function keyOf({ deviceId, eventType, width, start }: Repair): [string, string, number, number] {
  return [deviceId, eventType, width, start];
}
