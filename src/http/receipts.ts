import { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import { itemProblem } from './problem.ts';

/** How long a request waits for its messages to be safe. What is not by then is answered as `unavailable`: it may be or not. */
const receiptWaitMsMax = 30_000;

export type ItemResult = { readonly ok: true; readonly outcome?: string } | ReturnType<typeof itemProblem>;

/** The receipts of one request: one tag per message, in the order of the request. */
export class Receipts implements ReceiptWaiter {
  readonly mayPublish: ReceiptWaiter['mayPublish'];
  readonly safeIsEnough: boolean;
  readonly #results: (ItemResult | undefined)[];
  readonly #done = Promise.withResolvers<void>();
  readonly #timer: Timer;
  readonly #log: Log;
  #missing: number;

  constructor(
    count: number,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
    { mayPublish, safeIsEnough = false }: Pick<ReceiptWaiter, 'mayPublish' | 'safeIsEnough'> = {},
  ) {
    this.mayPublish = mayPublish;
    this.safeIsEnough = safeIsEnough;
    this.#log = log;
    this.#results = Array.from({ length: count });
    this.#missing = count;
    this.#timer = clock.after(receiptWaitMsMax, () => this.#done.resolve());
    if (count === 0) this.#finish();
  }

  /** The first receipt of a tag counts: where a publish failed halfway, what it had handed over may still be confirmed. */
  receipt(tag: number, failure: SluiceError | undefined, outcome?: string): void {
    if (this.#results[tag] !== undefined) return;
    if (failure !== undefined) this.#results[tag] = this.#problem(failure);
    else this.#results[tag] = outcome === undefined ? { ok: true } : { ok: true, outcome };
    this.#missing--;
    if (this.#missing === 0) this.#finish();
  }

  /** Answers when every message has its receipt, or none will be waited for any longer. */
  async all(): Promise<readonly ItemResult[]> {
    await this.#done.promise;
    return this.#results.map((result) => result ?? itemProblem(unconfirmed()));
  }

  #problem(failure: SluiceError): ItemResult {
    if (failure.code === 'internal') this.#log.error('A message failed', { code: failure.code, problem: failure });
    return itemProblem(failure);
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
