import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import { RefilledList } from '../std/refilled-list.ts';
import type { RowBatch } from './row-batch.ts';
import type { BatchWriter, StagedWrite } from './staged-write.ts';
import type { TableName } from './tables.ts';

/** What is staged for one transaction, and who waits for it: parallel lists, so that waiting costs no object. */
export class OpenBatch implements BatchWriter {
  readonly #writes = new RefilledList<StagedWrite>();
  readonly #waiters = new RefilledList<ReceiptWaiter>();
  readonly #tags = new RefilledList<number>();
  messages = 0;
  bytes = 0;
  #rows: RowBatch | undefined;

  get hasWaiters(): boolean {
    return this.#waiters.size > 0;
  }

  /** Asks every staged write for its rows, also those that come while asking. */
  writeTo(rows: RowBatch): void {
    this.#rows = rows;
    for (let i = 0; i < this.#writes.size; i++) this.#writes.at(i).write(this);
    this.#rows = undefined;
    // What was written is not needed until the flush; its bytes are, and `rows` has them.
    this.#writes.clear();
  }

  put(table: TableName, key: Buffer, value: Buffer): void {
    this.#closing().put(table, key, value);
  }

  remove(table: TableName, key: Buffer): void {
    this.#closing().remove(table, key);
  }

  stage(write: StagedWrite): void {
    this.#writes.push(write);
  }

  wait(waiter: ReceiptWaiter, tag: number): void {
    this.#waiters.push(waiter);
    this.#tags.push(tag);
  }

  settle(failure: SluiceError | undefined): void {
    for (let i = 0; i < this.#waiters.size; i++) this.#waiters.at(i).receipt(this.#tags.at(i), failure);
  }

  /** Ready to be filled again. */
  clear(): void {
    this.#waiters.clear();
    this.#tags.clear();
    this.messages = 0;
    this.bytes = 0;
  }

  #closing(): RowBatch {
    if (this.#rows === undefined) throw new Error('Cannot write a row: the batch is not closing');
    return this.#rows;
  }
}
