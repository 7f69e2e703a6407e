import { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { Outcome } from './outcome.ts';

/** `processed`: it is stored and this became of it. `accepted`: it is safe in the queue, and will be processed. */
export type IngestAnswer =
  | { readonly kind: 'processed'; readonly messageId: string; readonly outcome: Outcome }
  | { readonly kind: 'accepted'; readonly messageId: string };

/** One request that waits for its message. */
export class IngestCall implements ReceiptWaiter {
  readonly answer: Promise<IngestAnswer>;
  readonly safeIsEnough: boolean;
  readonly #messageId: string;
  readonly #resolve: (answer: IngestAnswer) => void;
  readonly #reject: (problem: SluiceError) => void;

  constructor(messageId: string, safeIsEnough: boolean) {
    const { promise, resolve, reject } = Promise.withResolvers<IngestAnswer>();
    this.answer = promise;
    this.safeIsEnough = safeIsEnough;
    this.#messageId = messageId;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  receipt(_tag: number, failure: SluiceError | undefined, outcome?: string): void {
    const messageId = this.#messageId;
    if (failure !== undefined) this.#reject(this.#withMessageId(failure));
    else if (outcome === undefined) this.#resolve({ kind: 'accepted', messageId });
    else this.#resolve({ kind: 'processed', messageId, outcome: outcome as Outcome });
  }

  /** The id with which to send the same message again. */
  #withMessageId({ code, message, cause, detail }: SluiceError): SluiceError {
    return new SluiceError(code, message, { cause, detail: { ...detail, messageId: this.#messageId } });
  }
}
