import { Deque } from '../std/deque.ts';

/** Where works wait until they go into a batch. */
export interface LaneLimits {
  readonly batchMessagesMax: number;
  readonly batchesInWorkMax: number;
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
  readonly #waiting = new Deque<W>();
  readonly #idle: (() => void)[] = [];
  #finished: Promise<void> = Promise.resolve();
  #batchesInWork = 0;
  #worksInWork = 0;
  #deferred = false;

  /** Neither `process` nor `finish` may throw or reject. */
  constructor(
    process: (batch: readonly W[]) => Promise<void>,
    finish: (batch: readonly W[]) => void,
    limits: LaneLimits,
    defer: (run: () => void) => void = setImmediate,
  ) {
    this.#process = process;
    this.#finish = finish;
    this.#limits = limits;
    this.#defer = defer;
  }

  /** Works that are not finished. */
  get size(): number {
    return this.#waiting.size + this.#worksInWork;
  }

  push(work: W): void {
    this.#waiting.push(work);
    if (this.#waiting.size >= this.#limits.batchMessagesMax) this.#begin();
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
      this.#begin();
    });
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
