import type { PipelineLimits } from './limits.ts';

/** What the credit is given to. */
interface Credited {
  setCredit(credit: number): void;
}

/**
 * How much of the ingest queue is in work at a time, in batches: a batch stands for one consumer. It follows how many the
 * queue needs, so that in calm times few messages are leased, between what keeps all steps busy and what memory is meant for.
 */
export class IngestCredit {
  readonly #limits: PipelineLimits;
  #batches: number;
  #consumption: Credited | undefined;

  constructor(limits: PipelineLimits) {
    this.#limits = limits;
    this.#batches = this.batchesMax;
  }

  get batchesMax(): number {
    return Math.max(1, Math.floor(this.#limits.queuedMessagesMax / this.#limits.batchMessagesMax));
  }

  /** Messages. */
  get credit(): number {
    const { queuedMessagesMax, batchMessagesMax } = this.#limits;
    return Math.min(queuedMessagesMax, this.#batches * batchMessagesMax);
  }

  get consumers(): number {
    return this.#batches;
  }

  /** Whose credit follows from now on. */
  attach(consumption: Credited): void {
    this.#consumption = consumption;
  }

  follow(desiredConsumers: number): void {
    const min = Math.min(this.batchesMax, this.#limits.batchesInWorkMax);
    const batches = Math.min(this.batchesMax, Math.max(min, desiredConsumers));
    if (batches === this.#batches) return;
    this.#batches = batches;
    this.#consumption?.setCredit(this.credit);
  }
}
