import type { Handler } from './client.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Received } from './received.ts';
import { within } from './retry.ts';

/** A message that was lent, for as long as it is. */
export interface Loan {
  readonly message: Received;
  /** False once it went back by itself, with the connection that it came over. */
  readonly isHeld: boolean;
  settle(outcome: Outcome): void;
}

/** The handlers of one consumer. */
export class WorkPool {
  readonly #handler: Handler;
  readonly #max: number;
  readonly #work = new Map<Loan, Promise<void>>();
  /** Lent again while handlers still work on what a lost connection had lent; no more than is lent at once. */
  readonly #waiting: Loan[] = [];
  readonly #abort = new AbortController();
  #isFinishing = false;

  /** Never more than `max` handlers at a time. */
  constructor(handler: Handler, max: number) {
    this.#handler = handler;
    this.#max = max;
  }

  get running(): number {
    return this.#work.size;
  }

  /** Hands it to a handler and then settles it; never where the pool finished before. */
  start(loan: Loan): void {
    if (this.#isFinishing) return;
    if (this.#work.size >= this.#max) {
      this.#waiting.push(loan);
      return;
    }
    this.#work.set(loan, this.#run(loan));
  }

  /** Resolves when no handler works any more, or after `graceMs`: then handlers are told to give up, and what they had goes back. */
  async finish(graceMs: number | undefined): Promise<void> {
    this.#isFinishing = true;
    this.#waiting.length = 0;
    await within(graceMs, Promise.all(this.#work.values()));
    if (this.#work.size === 0) return;
    for (const loan of this.#work.keys()) if (loan.isHeld) loan.settle({ kind: 'released' });
    this.#abort.abort(new Error(`The consumer stopped, and its handler took more than ${graceMs} ms to finish`));
  }

  async #run(loan: Loan): Promise<void> {
    const outcome = await this.#outcomeOf(loan.message);
    this.#work.delete(loan);
    if (loan.isHeld && !this.#abort.signal.aborted) loan.settle(outcome);
    let next = this.#waiting.shift();
    while (next !== undefined && !next.isHeld) next = this.#waiting.shift();
    if (next !== undefined) this.start(next);
  }

  async #outcomeOf(message: Received): Promise<Outcome> {
    try {
      await this.#handler(message, this.#abort.signal);
      return { kind: 'acknowledged' };
    } catch (problem) {
      return outcomeOf(problem);
    }
  }
}
