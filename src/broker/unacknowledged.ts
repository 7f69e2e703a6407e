import type { SluiceError } from '../errors.ts';
import type { ChildDevice, HoldCause, ReceiptWaiter } from '../message.ts';

interface Sender {
  hold(cause: HoldCause): void;
  unhold(): void;
  mayPublish(topic: string, child?: ChildDevice): boolean;
  publishRefused(refusal: SluiceError): void;
}

/** Waits for messages of QoS 0: nobody is told what became of them, but while one waits for room its sender is not read. */
export class Unacknowledged implements ReceiptWaiter {
  /** Nobody would send a message of QoS 0 again. */
  readonly patient = true;
  readonly #sender: Sender;
  readonly #held = new Set<number>();
  #tag = 0;
  #closed = false;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** A tag of its own for each message. */
  next(): number {
    return this.#tag++;
  }

  held(tag: number, cause: HoldCause): void {
    if (this.#closed) return;
    if (this.#held.size === 0) this.#sender.hold(cause);
    this.#held.add(tag);
  }

  mayPublish(topic: string, child?: ChildDevice): boolean {
    return this.#sender.mayPublish(topic, child);
  }

  receipt(tag: number, failure: SluiceError | undefined): void {
    if (failure !== undefined) this.#sender.publishRefused(failure);
    if (this.#held.delete(tag) && this.#held.size === 0 && !this.#closed) this.#sender.unhold();
  }

  close(): void {
    this.#closed = true;
  }
}
