import type { Clock, Timer } from '../../std/clock.ts';
import type { Part } from '../../std/lifecycle.ts';
import type { Log } from '../../std/log.ts';
import type { SqliteLimits } from './limits.ts';

/** Duty: removes rows that outlived their retention, in steps that let messages go first. */
export class RetentionSweeper implements Part {
  readonly name = 'retention-sweeper';
  readonly #sweep: (inboxBefore: number, rawBefore: number, rowsMax: number) => Promise<boolean>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: SqliteLimits;
  #timer: Timer | undefined;
  #stopped = true;

  constructor(
    sweep: (inboxBefore: number, rawBefore: number, rowsMax: number) => Promise<boolean>,
    clock: Clock,
    log: Log,
    limits: SqliteLimits,
  ) {
    this.#sweep = sweep;
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  start(): void {
    this.#stopped = false;
    this.#arm(this.#limits.sweepIntervalMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** One step. Answers whether there may be more. */
  tick(): Promise<boolean> {
    const now = this.#clock.now();
    return this.#sweep(now - this.#limits.inboxMs, now - this.#limits.rawMs, this.#limits.sweepRowsMax);
  }

  #arm(delayMs: number): void {
    if (!this.#stopped) this.#timer = this.#clock.after(delayMs, () => void this.#run());
  }

  async #run(): Promise<void> {
    let more = false;
    try {
      more = await this.tick();
    } catch (problem) {
      this.#log.warn('Cannot remove old rows of the device store; trying again later', { problem });
    }
    this.#arm(more ? this.#limits.sweepPauseMs : this.#limits.sweepIntervalMs);
  }
}
