import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';
import type { SqliteLimits } from './limits.ts';
import { RollupRepairs } from './rollup-repairs.ts';
import { type RolledRow, RollupSums } from './rollup-sums.ts';

export type RollupBounds = Pick<
  SqliteLimits,
  'rollupRowsMax' | 'rollupGatheredMax' | 'rollupBucketsMax' | 'rollupWrittenMax' | 'rollupTextMax'
>;

/**
 * Adds rows of history to the roll-ups, each once: how far they are is written with them. A row's id says when it was stored
 * and not when it happened, so that late data finds its interval like all other.
 *
 * Steps read rows and add them up in memory; when there are no more, or enough of them, steps write what they come to: all
 * widths in one where that is little, and else one each. So what many rows of a device come to is written once.
 */
export class RollupTables {
  readonly #database: DatabaseSync;
  readonly #progress: StatementSync;
  readonly #reach: StatementSync;
  readonly #rows: StatementSync;
  readonly #repairs: RollupRepairs;
  /** Lost with a crash, which costs reading them again. */
  #gathered: Gathered | undefined;
  /** Whether the rows before these were of so many series that reading many of them together spares nothing. */
  #hasManySeries = false;

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
  step(widths: readonly number[], bounds: RollupBounds): boolean {
    try {
      if (transaction(this.#database, () => this.#repairs.step())) return true;
      const gathered = this.#gathered ?? this.#begin(widths);
      this.#gathered = gathered;
      if (!gathered.isRead) {
        this.#read(gathered, bounds);
        if (!gathered.isRead || !isWrittenAtOnce(gathered, bounds)) return true;
      }
      if (gathered.last === gathered.reached) {
        this.#gathered = undefined;
        return false;
      }
      return transaction(this.#database, () => this.#write(gathered, bounds));
    } catch (problem) {
      this.#repairs.undo();
      this.#gathered = undefined;
      throw problem;
    }
  }

  /** Up to which row every one of the widths is; undefined where there is none. */
  reached(widths: readonly number[]): number | undefined {
    return widths.length === 0 ? undefined : Math.min(...widths.map((width) => this.#reachedBy(width)));
  }

  /** To be called where these rows are replaced: they are read again. */
  rowsChange(firstId: number, count: number): void {
    const gathered = this.#gathered;
    if (gathered !== undefined && firstId <= gathered.last && firstId + count > gathered.reached + 1)
      this.#gathered = undefined;
  }

  /** To be called when the device is gone. */
  forgetDevice(deviceId: string): void {
    this.#gathered?.sums.forgetDevice(deviceId);
    this.#repairs.forgetDevice(deviceId);
  }

  #begin(widths: readonly number[]): Gathered {
    const { reached, together, ahead } = this.#hindmost(widths);
    const sums = new RollupSums(together);
    return {
      reached,
      ahead,
      sums,
      isShort: this.#hasManySeries,
      unwritten: together,
      last: reached,
      rows: 0,
      isRead: false,
      hasMore: false,
    };
  }

  #read(gathered: Gathered, bounds: RollupBounds): void {
    const { ahead, sums } = gathered;
    const rowsMax = Math.min(bounds.rollupRowsMax, bounds.rollupGatheredMax - gathered.rows);
    let taken = 0;
    let isFull = false;
    for (const row of this.#rowsAfter(gathered.last, ahead ?? Number.MAX_SAFE_INTEGER, rowsMax)) {
      sums.add(row);
      gathered.last = row.id;
      taken++;
      isFull = hasAllItMay(gathered, bounds);
      if (isFull) break;
    }
    gathered.rows += taken;
    this.#hasManySeries = isFull;
    isFull ||= gathered.rows >= bounds.rollupGatheredMax;
    if (!isFull && taken === rowsMax) return;
    gathered.isRead = true;
    gathered.hasMore = isFull || ahead !== undefined;
    // Where nothing is left below the next ones, they go on together.
    if (!isFull && ahead !== undefined) gathered.last = ahead;
  }

  #write(gathered: Gathered, bounds: RollupBounds): boolean {
    const { sums, last, unwritten } = gathered;
    const widths = isWrittenAtOnce(gathered, bounds) ? unwritten : unwritten.slice(0, 1);
    for (const width of widths) {
      sums.write(this.#database, width);
      this.#reach.run(width, last);
    }
    gathered.unwritten = unwritten.slice(widths.length);
    if (gathered.unwritten.length > 0) return true;
    this.#gathered = undefined;
    return gathered.hasMore;
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

  #rowsAfter(id: number, ahead: number, rowsMax: number): Iterable<RolledRow> {
    const rows = this.#rows.iterate(id, ahead, rowsMax);
    return rows as Iterable<unknown> as Iterable<RolledRow>;
  }
}

function hasAllItMay({ sums, isShort }: Gathered, bounds: RollupBounds): boolean {
  if (sums.textLength >= bounds.rollupTextMax) return true;
  return isShort ? sums.size >= bounds.rollupWrittenMax : sums.sizeOfOne >= bounds.rollupBucketsMax;
}

function isWrittenAtOnce({ sums, isShort }: Gathered, { rollupWrittenMax }: RollupBounds): boolean {
  return isShort || sums.size <= rollupWrittenMax;
}

/** Rows of history behind `reached`, up to `last`, and what they come to. */
interface Gathered {
  readonly reached: number;
  /** Where the next widths are. */
  readonly ahead: number | undefined;
  readonly sums: RollupSums;
  /** Whether it ends with what one step writes of all widths. */
  readonly isShort: boolean;
  last: number;
  rows: number;
  /** Whether all is read that is to be written together. */
  isRead: boolean;
  hasMore: boolean;
  /** Widths that are to be written. */
  unwritten: readonly number[];
}
