import type { ReceiptWaiter } from '../message.ts';
import type { TableName } from './tables.ts';

/** Something that has rows to write, or has none any more: it is asked when its batch closes. */
export interface StagedWrite {
  write(batch: BatchWriter): void;
}

/** The batch that is closing, as a staged write sees it. */
export interface BatchWriter {
  /** The key is copied; the value is handed over and must not change. */
  put(table: TableName, key: Buffer, value: Buffer): void;
  /** Removing a row that is not there changes nothing. */
  remove(table: TableName, key: Buffer): void;
  /** Asks `write` too, in this batch, after all that were staged before. */
  stage(write: StagedWrite): void;
  /** Receipt for this batch. */
  wait(waiter: ReceiptWaiter, tag: number): void;
}
