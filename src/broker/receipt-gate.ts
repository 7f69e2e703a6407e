import type { SluiceError } from '../errors.ts';
import type { ChildDevice, ReceiptWaiter } from '../message.ts';

/** Many receipts of one message become one: the first failure, or success when all are in. */
export class ReceiptGate implements ReceiptWaiter {
  readonly #waiter: ReceiptWaiter;
  readonly #tag: number;
  #due = Number.POSITIVE_INFINITY;
  #seen = 0;
  #failure: SluiceError | undefined;
  #outcome: string | undefined;

  constructor(waiter: ReceiptWaiter, tag: number) {
    this.#waiter = waiter;
    this.#tag = tag;
  }

  /** Says how many receipts there will be, with those that came already. */
  expect(receipts: number): void {
    this.#due = receipts;
    this.#pass();
  }

  receipt(_tag: number, failure: SluiceError | undefined, outcome?: string): void {
    this.#seen++;
    this.#failure ??= failure;
    this.#outcome ??= outcome;
    this.#pass();
  }

  mayPublish(topic: string, child?: ChildDevice): boolean {
    return this.#waiter.mayPublish?.(topic, child) === true;
  }

  failed(): boolean {
    return this.#failure !== undefined;
  }

  #pass(): void {
    if (this.#seen === this.#due) this.#waiter.receipt(this.#tag, this.#failure, this.#outcome);
  }
}
