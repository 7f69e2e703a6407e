import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';

/** Waits for messages of QoS 0: nobody is told what became of them, but while one waits for room its sender is not read. */
export class Unacknowledged implements ReceiptWaiter {
  /** Nobody would send a message of QoS 0 again. */
  readonly patient = true;
  readonly #sender: { hold(cause: 'blocked_queue'): void; unhold(): void };
  readonly #held = new Set<number>();
  #tag = 0;
  #closed = false;

  constructor(sender: { hold(cause: 'blocked_queue'): void; unhold(): void }) {
    this.#sender = sender;
  }

  /** A tag of its own for each message. */
  next(): number {
    return this.#tag++;
  }

  held(tag: number): void {
    if (this.#held.size === 0) this.#sender.hold('blocked_queue');
    this.#held.add(tag);
  }

  receipt(tag: number, _failure: SluiceError | undefined): void {
    if (this.#held.delete(tag) && this.#held.size === 0 && !this.#closed) this.#sender.unhold();
  }

  close(): void {
    this.#closed = true;
  }
}
