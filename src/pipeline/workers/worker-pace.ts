import type { PipelineLimits } from '../limits.ts';

/**
 * How much a worker has at a time: batches that it answers within `workerBatchMsMax`, the wait behind its other ones included, and
 * small ones while others are at work too. A worker that was fast yesterday must not take a backlog that is slow today.
 */
export class WorkerPace {
  readonly #limits: PipelineLimits;
  #batchMessages: number;
  #isShared = false;

  constructor(limits: PipelineLimits) {
    this.#limits = limits;
    this.#batchMessages = Math.min(limits.workerSharedBatchMessagesMax, limits.batchMessagesMax);
  }

  /** Messages of one batch at most. */
  get batchMessages(): number {
    return Math.min(this.#batchMessages, this.#batchMessagesMax);
  }

  /** Messages that it may hold: as many batches as are under way at a time. */
  get credit(): number {
    const { queuedMessagesMax, workerBatchesInWorkMax } = this.#limits;
    return Math.min(queuedMessagesMax, this.batchMessages * workerBatchesInWorkMax);
  }

  share(workers: number): void {
    this.#isShared = workers > 1;
  }

  answered(messages: number, tookMs: number): void {
    const { workerBatchMsMax, workerBatchMessagesMin } = this.#limits;
    const now = this.batchMessages;
    if (tookMs > workerBatchMsMax) this.#batchMessages = Math.max(workerBatchMessagesMin, Math.floor(now / 2));
    else if (messages >= now && tookMs <= workerBatchMsMax / 2)
      this.#batchMessages = Math.min(now * 2, this.#batchMessagesMax);
  }

  get #batchMessagesMax(): number {
    const { batchMessagesMax, workerSharedBatchMessagesMax } = this.#limits;
    return this.#isShared ? Math.min(workerSharedBatchMessagesMax, batchMessagesMax) : batchMessagesMax;
  }
}
