import type { Clock } from '../../std/clock.ts';
import type { Log } from '../../std/log.ts';
import type { DecodeResult } from '../driver.ts';
import { unavailable, type WorkItem } from './batch.ts';
import { nameOf } from './catalogue.ts';
import { HangWatch } from './hang-watch.ts';
import { JobWriter } from './job-writer.ts';
import type { Runner, StartRunner } from './runner.ts';
import type { SchemaNumbers } from './schema-numbers.ts';

/** Messages of one job: some milliseconds of work, so that one that breaks takes little with it. */
const jobMessagesMax = 500;
const jobBytesMax = 4 * 1024 * 1024;
/** Failures in a row that no message explains, until what waits is given back. */
const failuresMax = 3;

export interface SlotOptions {
  readonly name: string;
  readonly start: StartRunner;
  readonly schemas: SchemaNumbers;
  /** How long a runner may work on the same messages, of which this is the first; undefined until it has begun. */
  readonly hangMs: (first: WorkItem | undefined) => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly settle: (item: WorkItem, result: DecodeResult) => void;
  /** The answer to a message that is not to be tried now. */
  readonly refuse: (item: WorkItem) => DecodeResult | undefined;
  /** Told of each message that ran out of time, and whether its runner ended with it. */
  readonly strike: (item: WorkItem, tookRunner: boolean) => void;
}

/** One place for a thread or process: feeds it jobs, watches it, replaces it, and finds out which message broke it. */
export class Slot {
  readonly #options: SlotOptions;
  #queue: WorkItem[] = [];
  #runner: Runner | undefined;
  #writer: JobWriter;
  #isReady = false;
  #isStopped = false;
  #onRetired: (() => void) | undefined;
  #job: WorkItem[] | undefined;
  readonly #watch: HangWatch;
  #failures = 0;
  #dying: Promise<void> = Promise.resolve();
  #onStarted: ((problem: Error | undefined) => void) | undefined;

  constructor(options: SlotOptions) {
    this.#options = options;
    this.#writer = new JobWriter(options.schemas);
    this.#watch = new HangWatch({
      clock: options.clock,
      hangMs: (first) => options.hangMs(first === undefined ? undefined : this.#job?.[first]),
      hung: (hangMs, isMeasured, passedMs) => this.#hung(hangMs, isMeasured, passedMs),
      still: (stillMs) => this.#still(stillMs),
    });
  }

  /** Resolves when the runner is ready. A slot that is not started starts with its first message. */
  start(): Promise<void> {
    const started = new Promise<void>((resolve, reject) => {
      this.#onStarted = (problem) => (problem === undefined ? resolve() : reject(problem));
    });
    this.#startRunner();
    return started;
  }

  push(item: WorkItem): void {
    this.#queue.push(item);
  }

  /** Sends what waits, as soon as the runner is free. Call it after pushing. */
  pump(): void {
    if (this.#isStopped || this.#job !== undefined) return;
    if (this.#queue.length === 0) this.#onRetired?.();
    else if (this.#runner === undefined) this.#startRunner();
    else if (this.#isReady) this.#send(this.#runner, this.#take());
  }

  /** Finishes what waits here, then stops. Nothing may be pushed any more. */
  async retire(): Promise<void> {
    const finished = new Promise<void>((resolve) => {
      this.#onRetired = resolve;
    });
    this.pump();
    await finished;
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#onRetired?.();
    this.#watch.cancel();
    const open = [...(this.#job ?? []), ...this.#queue];
    this.#job = undefined;
    this.#queue = [];
    this.#discardRunner();
    for (const item of open) this.#options.settle(item, unavailable('Not tried: the driver host stops'));
    await this.#dying;
  }

  #startRunner(): void {
    this.#isReady = false;
    this.#writer = new JobWriter(this.#options.schemas);
    const runner = this.#options.start({
      ready: () => this.#ready(),
      done: (results) => this.#done(results),
      gone: (reason) => this.#gone(reason),
    });
    this.#runner = runner;
  }

  #ready(): void {
    this.#isReady = true;
    this.#onStarted?.(undefined);
    this.#onStarted = undefined;
    this.pump();
  }

  #take(): WorkItem[] {
    const job: WorkItem[] = [];
    let taken = 0;
    let bytes = 0;
    for (const item of this.#queue) {
      const refusal = this.#options.refuse(item);
      if (refusal === undefined) {
        bytes += item.request?.bytes.length ?? 0;
        if (job.length === jobMessagesMax || (job.length > 0 && (item.alone || bytes > jobBytesMax))) break;
        job.push(item);
      } else {
        this.#options.settle(item, refusal);
      }
      taken++;
      if (item.alone && refusal === undefined) break;
    }
    this.#queue.splice(0, taken);
    // Messages of one script side by side: they share a time box.
    return job.sort((one, other) => one.driver.number - other.driver.number);
  }

  #send(runner: Runner, job: WorkItem[]): void {
    if (job.length === 0) {
      this.#onRetired?.();
      return;
    }
    this.#job = job;
    runner.post(this.#writer.write(job));
    this.#watch.watch(runner);
  }

  #done(results: string): void {
    const job = this.#job ?? [];
    this.#watch.cancel();
    this.#job = undefined;
    this.#failures = 0;
    const parsed: DecodeResult[] = JSON.parse(results);
    for (const [index, item] of job.entries()) {
      if (isOutOfTime(parsed[index])) this.#options.strike(item, false);
    }
    for (const [index, item] of job.entries()) this.#options.settle(item, this.#answerOf(item, parsed[index]));
    this.pump();
  }

  /** The runner gives up a driver for the rest of its job, and does not know whether and until when it is set aside. */
  #answerOf(item: WorkItem, result: DecodeResult): DecodeResult {
    if (result.ok) return result;
    if (result.code === 'driver_timeout') return withTries(result, item, result.triedMs ?? 0);
    return result.code === 'driver_set_aside' ? (this.#options.refuse(item) ?? result) : result;
  }

  /**
   * A message that had no time box gets one first. Where nobody knows whether the runner was given the processor, it may have been
   * stopped: a process is asked once more.
   */
  #hung(hangMs: number, isMeasured: boolean, passedMs: number): void {
    const reason = `The driver did not answer within ${hangMs} ms`;
    const isCertain = ({ driver, alone, boxed }: WorkItem): boolean =>
      driver.script === undefined || alone || (boxed && isMeasured);
    const verdict = { ok: false, stage: 'decode', code: 'driver_timeout', reason, decodeUs: hangMs * 1_000 } as const;
    this.#broken(reason, isCertain, passedMs, (item) => withTries(verdict, item, 0));
  }

  /** Nobody is to blame, and all are tried again: those that it was at each by itself, with a box that ends what does loop. */
  #still(stillMs: number): void {
    const reason = `The driver was not given the processor for ${stillMs} ms`;
    const suspects = this.#suspects();
    this.#queue.unshift(...this.#replace(reason, suspects));
    for (const item of suspects) tryAlone(item, stillMs);
    this.#countFailure(reason);
    this.pump();
  }

  #gone(reason: string): void {
    if (this.#onStarted !== undefined) {
      this.#onStarted(new Error(`Cannot start ${this.#options.name}: it ended with ${reason}`));
      this.#onStarted = undefined;
    }
    const text = `The driver brought its surroundings down, most likely by taking all memory (${reason})`;
    const verdict = { ok: false, stage: 'decode', code: 'driver_failed', reason: text } as const;
    this.#broken(
      text,
      (suspect) => suspect.alone,
      0,
      () => verdict,
    );
  }

  /** The message is blamed only where it is certain; those around it are tried again, each by itself. */
  #broken(
    reason: string,
    isCertain: (suspect: WorkItem) => boolean,
    passedMs: number,
    verdict: (culprit: WorkItem) => DecodeResult,
  ): void {
    const suspects = this.#suspects();
    const job = this.#replace(reason, suspects);
    const culprit = suspects.length === 1 && isCertain(suspects[0]) ? suspects[0] : undefined;
    for (const item of suspects) tryAlone(item, passedMs);
    this.#queue.unshift(...job.filter((item) => item !== culprit));
    if (culprit !== undefined) {
      this.#options.strike(culprit, true);
      this.#options.settle(culprit, verdict(culprit));
    }
    if (suspects.length === 0) this.#countFailure(reason);
    this.pump();
  }

  /** What the runner is at. */
  #suspects(): readonly WorkItem[] {
    const { first, count } = this.#runner?.progress() ?? { first: 0, count: 0 };
    return (this.#job ?? []).slice(first, first + count);
  }

  /** Takes the job from the runner and does away with it; the next one starts when there is something to do. */
  #replace(reason: string, suspects: readonly WorkItem[]): readonly WorkItem[] {
    const job = this.#job ?? [];
    this.#watch.cancel();
    this.#job = undefined;
    this.#discardRunner();
    this.#options.log.warn('A driver runner is replaced', {
      runner: this.#options.name,
      reason,
      driver: suspects.length === 0 ? undefined : nameOf(suspects[0].driver),
    });
    return job;
  }

  #countFailure(reason: string): void {
    if (++this.#failures >= failuresMax) this.#giveBack(reason);
  }

  #giveBack(reason: string): void {
    const waiting = this.#queue;
    this.#queue = [];
    this.#failures = 0;
    this.#options.log.error('Drivers cannot be run', { runner: this.#options.name, reason, messages: waiting.length });
    for (const item of waiting)
      this.#options.settle(item, unavailable(`Not tried: ${this.#options.name} does not run`));
    this.#onRetired?.();
  }

  #discardRunner(): void {
    const runner = this.#runner;
    this.#runner = undefined;
    if (runner !== undefined) this.#dying = Promise.all([this.#dying, runner.kill()]).then(() => undefined);
  }
}

/** It was tried, for so long, and is tried by itself from now on. */
function tryAlone(item: WorkItem, passedMs: number): void {
  const { tries, ms } = item.earlier ?? { tries: 0, ms: 0 };
  item.alone = true;
  item.earlier = { tries: tries + 1, ms: ms + passedMs };
}

function isOutOfTime(result: DecodeResult): boolean {
  return !result.ok && result.code === 'driver_timeout';
}

/** Whoever reads it waited for all tries, and by the clock; `triedMs` is of one that is not among the earlier ones. */
function withTries(verdict: DecodeResult & { ok: false }, { earlier }: WorkItem, triedMs: number): DecodeResult {
  const tries = (earlier?.tries ?? 0) + (triedMs > 0 ? 1 : 0);
  const ms = Math.round((earlier?.ms ?? 0) + triedMs);
  return { ...verdict, reason: `${verdict.reason} (tries: ${tries}, together ${ms} ms by the clock)` };
}
