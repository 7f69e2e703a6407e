import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { RowBatch } from './row-batch.ts';
import type { BatchWriter, StagedWrite } from './staged-write.ts';
import type { TableName } from './tables.ts';

/** What is staged for one transaction, and who waits for it: parallel arrays, so that waiting costs no object. */
export class OpenBatch implements BatchWriter {
  readonly writes: StagedWrite[] = [];
  readonly waiters: ReceiptWaiter[] = [];
  readonly tags: number[] = [];
  messages = 0;
  bytes = 0;
  #rows: RowBatch | undefined;

  /** Asks every staged write for its rows, also those that come while asking. */
  writeTo(rows: RowBatch): void {
    this.#rows = rows;
    for (let i = 0; i < this.writes.length; i++) this.writes[i].write(this);
    this.#rows = undefined;
    // What was written is not needed until the flush; its bytes are, and `rows` has them.
    this.writes.length = 0;
  }

  put(table: TableName, key: Buffer, value: Buffer): void {
    this.#closing().put(table, key, value);
  }

  remove(table: TableName, key: Buffer): void {
    this.#closing().remove(table, key);
  }

  stage(write: StagedWrite): void {
    this.writes.push(write);
  }

  wait(waiter: ReceiptWaiter, tag: number): void {
    this.waiters.push(waiter);
    this.tags.push(tag);
  }

  settle(failure: SluiceError | undefined): void {
    const { waiters, tags } = this;
    for (let i = 0; i < waiters.length; i++) waiters[i].receipt(tags[i], failure);
  }

  #closing(): RowBatch {
    if (this.#rows === undefined) throw new Error('Cannot write a row: the batch is not closing');
    return this.#rows;
  }
}
