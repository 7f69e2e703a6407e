import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How far the roll-ups of one interval are, as the tables say it. */
export interface RollupReach {
  readonly intervalMs: number;
  readonly reachedId: number;
  readonly behindRows: number;
  /** When the first row that is not in them was processed; undefined where all are. */
  readonly waitsSince: number | undefined;
}

/** Looks at both ends of what is not rolled up, and at nothing between. */
export class RollupLag {
  readonly #progress: StatementSync;
  readonly #last: StatementSync;
  readonly #next: StatementSync;

  constructor(database: DatabaseSync) {
    this.#progress = database.prepare('SELECT history_id AS reached FROM rollup_progress WHERE width_ms = ?');
    this.#last = database.prepare('SELECT max(id) AS id FROM history');
    this.#next = database.prepare('SELECT processed_at AS at FROM history WHERE id > ? ORDER BY id LIMIT 1');
  }

  reach(widths: readonly number[]): RollupReach[] {
    const last = (this.#last.get() as { id: number | null }).id ?? 0;
    return widths.map((intervalMs) => {
      const reachedId = (this.#progress.get(intervalMs) as { reached: number } | undefined)?.reached ?? 0;
      const next = this.#next.get(reachedId) as { at: number } | undefined;
      return { intervalMs, reachedId, behindRows: Math.max(0, last - reachedId), waitsSince: next?.at };
    });
  }
}
