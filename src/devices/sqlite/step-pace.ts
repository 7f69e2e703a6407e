import { sqliteLimits } from './limits.ts';

/**
 * How many rows a step may take, so that it holds the writer for `sweepStepMs` and no longer: fitted to the time that the last
 * one took, which on a busy machine, or with large rows, is many times what it is on an idle one.
 */
export class StepPace {
  readonly #changes: () => number;
  readonly #now: () => number;
  #rows = sqliteLimits.sweepRowsMin;

  /** `changes`: rows that this connection changed so far. */
  constructor(changes: () => number, now: () => number = () => performance.now()) {
    this.#changes = changes;
    this.#now = now;
  }

  /** Answers what the step does: whether there may be more. */
  run(rowsMax: number, step: (rowsMax: number) => boolean): boolean {
    const rows = Math.min(this.#rows, rowsMax);
    const before = this.#changes();
    const began = this.#now();
    const more = step(rows);
    const ms = Math.max(this.#now() - began, 0.1);
    const fit = Math.floor((rows * sqliteLimits.sweepStepMs) / ms);
    // Up by half at most, and only where there was that much to do: what one step was spared meets the next one.
    if (fit < rows) this.#rows = Math.max(sqliteLimits.sweepRowsMin, fit);
    else if (this.#changes() - before >= rows) this.#rows = Math.min(rowsMax, fit, Math.ceil(rows * 1.5));
    return more;
  }
}
