import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';
import { sqliteLimits } from './limits.ts';
import { RollupRepairs } from './rollup-repairs.ts';
import { type RolledRow, RollupSums } from './rollup-sums.ts';

/**
 * Adds rows of history to the roll-ups, each once: how far they are is written with them. A row's id says when it was stored
 * and not when it happened, so that late data finds its interval like all other.
 */
export class RollupTables {
  readonly #database: DatabaseSync;
  readonly #progress: StatementSync;
  readonly #reach: StatementSync;
  readonly #rows: StatementSync;
  readonly #repairs: RollupRepairs;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#progress = database.prepare('SELECT history_id AS reached FROM rollup_progress WHERE width_ms = ?');
    this.#reach = database.prepare('INSERT OR REPLACE INTO rollup_progress (width_ms, history_id) VALUES (?, ?)');
    this.#repairs = new RollupRepairs(database);
    this.#rows = database.prepare(
      'SELECT id, device_id, event_type, time, data FROM history WHERE id > ? AND id <= ? ORDER BY id LIMIT ?',
    );
  }

  /** One step for the widths that are behind. Answers whether there may be more. */
  step(widths: readonly number[], rowsMax: number): boolean {
    try {
      return transaction(this.#database, () => this.#repairs.step() || this.#add(widths, rowsMax));
    } catch (problem) {
      this.#repairs.undo();
      throw problem;
    }
  }

  #add(widths: readonly number[], rowsMax: number): boolean {
    const { reached, together, ahead } = this.#hindmost(widths);
    const sums = new RollupSums(together);
    let last = reached;
    let taken = 0;
    for (const row of this.#rowsAfter(reached, ahead ?? Number.MAX_SAFE_INTEGER, rowsMax)) {
      sums.add(row);
      last = row.id;
      taken++;
      if (sums.size >= sqliteLimits.rollupBucketsMax) break;
    }
    const isFull = taken === rowsMax || sums.size >= sqliteLimits.rollupBucketsMax;
    // Where nothing is left below the next ones, they go on together.
    if (!isFull && ahead !== undefined) last = ahead;
    sums.write(this.#database);
    if (last !== reached) for (const width of together) this.#reach.run(width, last);
    return isFull || (ahead !== undefined && last !== reached);
  }

  /** Up to which row every one of the widths is; undefined where there is none. */
  reached(widths: readonly number[]): number | undefined {
    return widths.length === 0 ? undefined : Math.min(...widths.map((width) => this.#reachedBy(width)));
  }

  /** Those of the widths that are least far, and where the next ones are. */
  #hindmost(widths: readonly number[]): { reached: number; together: number[]; ahead: number | undefined } {
    const places = widths.map((width) => ({ width, reached: this.#reachedBy(width) }));
    const reached = Math.min(...places.map((place) => place.reached));
    const others = places.filter((place) => place.reached > reached).map((place) => place.reached);
    const together = places.filter((place) => place.reached === reached).map(({ width }) => width);
    return { reached, together, ahead: others.length === 0 ? undefined : Math.min(...others) };
  }

  #reachedBy(width: number): number {
    return (this.#progress.get(width) as { reached: number } | undefined)?.reached ?? 0;
  }

  #rowsAfter(reached: number, ahead: number, rowsMax: number): Iterable<RolledRow> {
    const rows = this.#rows.iterate(reached, ahead, rowsMax);
    return rows as Iterable<unknown> as Iterable<RolledRow>;
  }
}
