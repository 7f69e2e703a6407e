import type { Clock, Timer } from '../../std/clock.ts';
import type { Runner } from './runner.ts';

/** Looks at a runner until it counts as hung. Several, because after a pause of this very process one would prove nothing. */
const looksMin = 4;
/** Share of the time for which it has to have had the processor: it shares that with others, and time boxes are a fraction of the time. */
const workedShare = 0.5;
/** How many times as long a runner may stand still that was not given the processor: it was stopped, or the machine is full. */
const stillTimes = 5;

export interface HangWatchOptions {
  readonly clock: Clock;
  /** How long a runner may work at a place in its job; undefined until it has begun. */
  readonly hangMs: (first: number | undefined) => number;
  /**
   * It was at work at one place for so long, which was found out so late by the clock. `isMeasured`: it is known that it had the
   * processor for it.
   */
  readonly hung: (hangMs: number, isMeasured: boolean, passedMs: number) => void;
  /** It stood still for so long without having worked so much: nothing that it was given is to blame. */
  readonly still: (stillMs: number) => void;
}

/**
 * Watches a runner with a job. What counts is the processor time that it spends at one place: a process that was stopped, or that
 * has to wait for its turn, does not hang. Where the system does not say, and before the job has begun, the time that passes counts.
 */
export class HangWatch {
  readonly #options: HangWatchOptions;
  #timer: Timer | undefined;

  constructor(options: HangWatchOptions) {
    this.#options = options;
  }

  /** From now on, until it hangs, stands still, or the watch is cancelled. */
  watch(runner: Runner): void {
    const { first, count } = runner.progress();
    const hangMs = this.#options.hangMs(count === 0 ? undefined : first);
    this.#look(runner, { first, count, hangMs, looks: 0, processorMs: undefined });
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #look(runner: Runner, seen: Seen): void {
    this.#timer = this.#options.clock.after(seen.hangMs / looksMin, () => {
      const { first, count } = runner.progress();
      if (first === seen.first && count === seen.count) this.#judge(runner, { ...seen, looks: seen.looks + 1 });
      else this.watch(runner);
    });
  }

  #judge(runner: Runner, seen: Seen): void {
    const { hangMs, looks } = seen;
    // To ask costs as much as a message does: nobody asks for a job that is done before the first look.
    const processorMs = seen.count === 0 ? undefined : runner.processorMs();
    if (looks === 1) this.#look(runner, { ...seen, processorMs });
    else if (looks >= looksMin && hasWorked(seen, processorMs))
      this.#options.hung(hangMs, isMeasured(seen), (hangMs * looks) / looksMin);
    else if (looks >= looksMin * stillTimes) this.#options.still(hangMs * stillTimes);
    else this.#look(runner, seen);
  }
}

/** Where a runner is, and since when. */
interface Seen {
  readonly first: number;
  readonly count: number;
  readonly hangMs: number;
  readonly looks: number;
  /** At the first look. */
  readonly processorMs: number | undefined;
}

/** Since the first look. */
function hasWorked({ hangMs, processorMs: before }: Seen, now: number | undefined): boolean {
  return before === undefined || now === undefined || now - before >= hangMs * (1 - 1 / looksMin) * workedShare;
}

function isMeasured({ processorMs }: Seen): boolean {
  return processorMs !== undefined;
}
