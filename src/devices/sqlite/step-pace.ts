import { sqliteLimits } from './limits.ts';

/**
 * How many rows a step may take, so that it holds the writer for `sweepStepMs`, or for `sweepShareMin` of the time that it had to
 * wait for its turn, and no longer: fitted to the time that the last
 * one took, which on a busy machine, or with large rows, is many times what it is on an idle one.
 */
export class StepPace {
  readonly #changes: () => number;
  readonly #now: () => number;
  #rows = sqliteLimits.sweepRowsMin;
  /** When the step before this one ended, where more was due. */
  #waitsSince: number | undefined;

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
    const mayHoldMs = this.#mayHoldMs(began);
    const more = step(rows);
    const ended = this.#now();
    this.#waitsSince = more ? ended : undefined;
    const fit = Math.floor((rows * mayHoldMs) / Math.max(ended - began, 0.1));
    // Up by half at most, and only where there was that much to do: what one step was spared meets the next one.
    if (fit < rows) this.#rows = Math.max(sqliteLimits.sweepRowsMin, fit);
    else if (this.#changes() - before >= rows) this.#rows = Math.min(rowsMax, fit, Math.ceil(rows * 1.5));
    return more;
  }

  #mayHoldMs(began: number): number {
    const { sweepStepMs, sweepStepMsMax, sweepShareMin } = sqliteLimits;
    const waitedMs = began - (this.#waitsSince ?? began);
    // Of the wait and the step together.
    return Math.min(sweepStepMsMax, Math.max(sweepStepMs, (waitedMs * sweepShareMin) / (1 - sweepShareMin)));
  }
}
