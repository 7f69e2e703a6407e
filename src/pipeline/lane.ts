import { type Acceptance, behindAnswers } from '../std/acceptance.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { Deque } from '../std/deque.ts';
import { monotonic } from '../std/step-time.ts';

/** Where works wait until they go into a batch. */
export interface LaneLimits {
  readonly batchMessagesMax: number;
  readonly batchesInWorkMax: number;
  readonly holdMsMax: number;
}

export interface LaneParts {
  readonly defer?: (run: () => void) => void;
  /** Where given, no batch begins while it is busy, until the first work has waited for `holdMsMax`. */
  readonly acceptance?: Acceptance;
  readonly monotonicMs?: () => number;
  readonly clock?: Pick<Clock, 'after'>;
}

/**
 * Gathers what comes in during one turn of the event loop into batches, and has at most `batchesInWorkMax` of them in work;
 * while all are busy the next batch fills. Batches begin and finish in the order in which their works came.
 */
export class Lane<W> {
  readonly #process: (batch: readonly W[]) => Promise<void>;
  readonly #finish: (batch: readonly W[]) => void;
  readonly #limits: LaneLimits;
  readonly #defer: (run: () => void) => void;
  readonly #acceptance: Acceptance | undefined;
  readonly #monotonicMs: () => number;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #waiting = new Deque<W>();
  readonly #idle: (() => void)[] = [];
  #finished: Promise<void> = Promise.resolve();
  #batchesInWork = 0;
  #worksInWork = 0;
  #deferred = false;
  /** Since when the first of those that wait does. */
  #waitingSince = 0;

  /** Neither `process` nor `finish` may throw or reject. */
  constructor(
    process: (batch: readonly W[]) => Promise<void>,
    finish: (batch: readonly W[]) => void,
    limits: LaneLimits,
    parts: LaneParts = {},
  ) {
    this.#process = process;
    this.#finish = finish;
    this.#limits = limits;
    this.#defer = parts.defer ?? setImmediate;
    this.#acceptance = parts.acceptance;
    this.#monotonicMs = parts.monotonicMs ?? monotonic;
    this.#clock = parts.clock ?? systemClock;
  }

  /** Works that are not finished. */
  get size(): number {
    return this.#waiting.size + this.#worksInWork;
  }

  push(work: W): void {
    if (this.#waiting.size === 0 && this.#acceptance !== undefined) this.#waitingSince = this.#monotonicMs();
    this.#waiting.push(work);
    if (this.#waiting.size >= this.#limits.batchMessagesMax && !this.#holds()) this.#begin();
    else if (!this.#deferred) this.#beginLater();
  }

  /** Resolves when everything that is here now is finished. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #beginLater(): void {
    this.#deferred = true;
    this.#defer(() => {
      this.#deferred = false;
      if (this.#waiting.size > 0 && this.#holds()) this.#beginBehind(this.#acceptance as Acceptance);
      else this.#begin();
    });
  }

  #beginBehind(acceptance: Acceptance): void {
    this.#deferred = true;
    behindAnswers(acceptance, this.#clock, this.#holdMs(), () => this.#beginLater(), this.#monotonicMs);
  }

  #holds(): boolean {
    return this.#acceptance?.isBusy === true && this.#holdMs() > 0;
  }

  /** How long the first of those that wait may still be held. */
  #holdMs(): number {
    return this.#waitingSince + this.#limits.holdMsMax - this.#monotonicMs();
  }

  #begin(): void {
    while (this.#waiting.size > 0 && this.#batchesInWork < this.#limits.batchesInWorkMax) {
      const batch: W[] = [];
      while (batch.length < this.#limits.batchMessagesMax && this.#waiting.size > 0) {
        batch.push(this.#waiting.shift() as W);
      }
      this.#batchesInWork++;
      this.#worksInWork += batch.length;
      this.#finished = this.#run(batch, this.#finished);
    }
  }

  async #run(batch: readonly W[], before: Promise<void>): Promise<void> {
    await this.#process(batch);
    await before;
    // First the room, then the end: whoever is told of it may send the next one at once.
    this.#batchesInWork--;
    this.#worksInWork -= batch.length;
    this.#finish(batch);
    this.#begin();
    if (this.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
