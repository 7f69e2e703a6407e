import { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { Clock, Timer } from '../std/clock.ts';
import { itemProblem } from './problem.ts';

/** How long a request waits for its messages to be safe. What is not by then is answered as `unavailable`: it may be or not. */
const receiptWaitMsMax = 30_000;

export type ItemResult = { readonly ok: true; readonly outcome?: string } | ReturnType<typeof itemProblem>;

/** The receipts of one request: one tag per message, in the order of the request. */
export class Receipts implements ReceiptWaiter {
  readonly #results: (ItemResult | undefined)[];
  readonly #done = Promise.withResolvers<void>();
  readonly #timer: Timer;
  #missing: number;

  constructor(count: number, clock: Clock) {
    this.#results = Array.from({ length: count });
    this.#missing = count;
    this.#timer = clock.after(receiptWaitMsMax, () => this.#done.resolve());
    if (count === 0) this.#finish();
  }

  receipt(tag: number, failure: SluiceError | undefined, outcome?: string): void {
    if (this.#results[tag] !== undefined) return;
    if (failure !== undefined) this.#results[tag] = itemProblem(failure);
    else this.#results[tag] = outcome === undefined ? { ok: true } : { ok: true, outcome };
    this.#missing--;
    if (this.#missing === 0) this.#finish();
  }

  /** Answers when every message has its receipt, or none will be waited for any longer. */
  async all(): Promise<readonly ItemResult[]> {
    await this.#done.promise;
    return this.#results.map((result) => result ?? itemProblem(unconfirmed()));
  }

  #finish(): void {
    this.#timer.cancel();
    this.#done.resolve();
  }
}

function unconfirmed(): SluiceError {
  const seconds = receiptWaitMsMax / 1000;
  return new SluiceError(
    'unavailable',
    `Send the message again unless it shows up: storage did not confirm it within ${seconds} seconds`,
  );
}
