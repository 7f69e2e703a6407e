import { type Acceptance, behindAnswers } from '../../std/acceptance.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import type { Part } from '../../std/lifecycle.ts';
import type { Log } from '../../std/log.ts';
import { sqliteLimits } from './limits.ts';

export interface StepDutyOptions {
  readonly name: string;
  /** One short piece of the work. Answers whether there may be more. */
  readonly step: () => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
  /** What is logged when a step failed. */
  readonly complaint: string;
  /** Between the end of the work and the next look for some. */
  readonly intervalMs: number;
  /** Between two steps while more is due. */
  readonly pauseMs: number;
  /** Goes before each step, which waits for it up to `stepHoldMsMax`. */
  readonly acceptance?: Acceptance;
}

/** Work on the tables that nobody waits for, in steps that let messages go first. */
export class StepDuty implements Part {
  readonly name: string;
  readonly #options: StepDutyOptions;
  #timer: Timer | undefined;
  #stopped = true;

  constructor(options: StepDutyOptions) {
    this.name = options.name;
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#arm(this.#options.intervalMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** One step. Answers whether there may be more. */
  tick(): Promise<boolean> {
    return this.#options.step();
  }

  #arm(delayMs: number): void {
    if (!this.#stopped) this.#timer = this.#options.clock.after(delayMs, () => this.#runBehind());
  }

  #runBehind(): void {
    const { acceptance, clock } = this.#options;
    if (acceptance === undefined) void this.#run();
    else behindAnswers(acceptance, clock, sqliteLimits.stepHoldMsMax, () => void this.#run());
  }

  async #run(): Promise<void> {
    if (this.#stopped) return;
    let more = false;
    try {
      more = await this.tick();
    } catch (problem) {
      this.#options.log.warn(this.#options.complaint, { problem });
    }
    this.#arm(more ? this.#options.pauseMs : this.#options.intervalMs);
  }
}
