import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { startOf } from './bucket.ts';
import { sqliteLimits } from './limits.ts';
import { type RolledRow, RollupSums } from './rollup-sums.ts';

/**
 * Makes roll-ups again where rows of history were replaced: which ones is written down in the transaction that replaces, so
 * that a crash forgets none. Until then they tell the old numbers.
 */
export class RollupRepairs {
  readonly #database: DatabaseSync;
  readonly #mark: StatementSync;
  readonly #keptSince: StatementSync;
  readonly #next: StatementSync;
  readonly #drop: StatementSync;
  readonly #rows: StatementSync;
  readonly #done: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#mark = database.prepare(
      `INSERT OR IGNORE INTO rollup_repairs (device_id, event_type, width_ms, start)
       SELECT :deviceId, :eventType, width_ms, :time - ((:time % width_ms) + width_ms) % width_ms FROM rollup_progress`,
    );
    this.#keptSince = database.prepare(
      `SELECT max(coalesce(d.history_from, :ever), coalesce(:now - (t.settings ->> '$.retention.historyMs'), :ever)) AS since
       FROM devices d JOIN device_types t ON t.name = d.type WHERE d.id = :deviceId`,
    );
    this.#next = database.prepare(
      `SELECT r.device_id AS deviceId, r.event_type AS eventType, r.width_ms AS width, r.start, p.history_id AS reached
       FROM rollup_repairs r JOIN rollup_progress p USING (width_ms) LIMIT 1`,
    );
    this.#drop = database.prepare(
      'DELETE FROM rollups WHERE device_id = ? AND event_type = ? AND width_ms = ? AND start = ?',
    );
    this.#rows = database.prepare(
      `SELECT id, device_id, event_type, time, data FROM history INDEXED BY history_device_time
       WHERE device_id = ? AND time >= ? AND time < ? AND id <= ? AND event_type = ? ORDER BY time, id`,
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
    const kept = this.#keptSince.get({ deviceId, now, ever: Number.MIN_SAFE_INTEGER }) as { since: number } | undefined;
    if (kept !== undefined && startOf(time, sqliteLimits.rollupWidthMsMax) < kept.since) return;
    this.#mark.run({ deviceId, eventType, time });
  }

  /** Repairs some. Answers whether there was any. To be called inside a transaction. */
  step(): boolean {
    let rows = 0;
    let repaired = 0;
    for (; repaired < sqliteLimits.rollupRepairsMax && rows < sqliteLimits.rollupRepairRowsMax; repaired++) {
      const repair = this.#next.get() as Repair | undefined;
      if (repair === undefined) break;
      rows += this.#repair(repair);
    }
    return repaired > 0;
  }

  /** Answers how many rows it read. */
  #repair({ deviceId, eventType, width, start, reached }: Repair): number {
    this.#drop.run(deviceId, eventType, width, start);
    const sums = new RollupSums([width]);
    let rows = 0;
    const found = this.#rows.iterate(deviceId, start, start + width, reached, eventType);
    for (const row of found as Iterable<unknown> as Iterable<RolledRow>) {
      sums.add(row);
      rows++;
    }
    sums.write(this.#database);
    this.#done.run(deviceId, eventType, width, start);
    return rows;
  }
}

interface Repair {
  readonly deviceId: string;
  readonly eventType: string;
  readonly width: number;
  readonly start: number;
  readonly reached: number;
}
