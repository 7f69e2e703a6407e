import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { sqliteLimits } from './limits.ts';

/**
 * Numbers the rows of history. They go up for ever, over restarts and whatever is removed, so that a number tells what came
 * before something else: roll-ups go by it, and so does who a message id belongs to. A batch that is undone, or a restart,
 * leaves a gap.
 */
export class HistoryIds {
  readonly #reserve: StatementSync;
  #next: number;
  /** Below it a number is not given again after a crash. */
  #reserved = 0;

  constructor(database: DatabaseSync) {
    this.#reserve = database.prepare('UPDATE history_ids SET next = ?');
    this.#next = (database.prepare('SELECT next FROM history_ids').get() as { next: number }).next;
  }

  /** The one that is given next. */
  get next(): number {
    return this.#next;
  }

  /** So many, one behind the other, in the transaction of the caller; answers the first. */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    if (this.#next > this.#reserved) {
      this.#reserved = this.#next + sqliteLimits.historyIdsReserved;
      this.#reserve.run(this.#reserved);
    }
    return first;
  }

  /** To be called when that transaction was undone: what it reserved is not. */
  undo(): void {
    this.#reserved = 0;
  }
}
