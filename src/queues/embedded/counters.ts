import type { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import type { GroupCommit } from '../../storage/group-commit.ts';
import type { BatchWriter, StagedWrite } from '../../storage/staged-write.ts';
import { queueKey } from './keys.ts';

/**
 * Sequences are reserved in blocks, so that those of messages that were never written are not given out again after a
 * crash, and no batch has to write a row for them alone. Half a block is more than can be unflushed at a time, so a
 * reservation is on disk before its first sequence is used.
 */
export const sequenceBlock = 1_048_576;

/**
 * What the disk holds of a queue, in one row that changes in the same commit: opening a queue counts nothing.
 *
 *   | messages f64 | bytes f64 | failures f64 | sequence ceiling f64 |
 */
export class QueueCounters implements StagedWrite, ReceiptWaiter {
  readonly #queue: number;
  readonly #commit: GroupCommit;
  readonly #onFlushed: () => void;
  messages = 0;
  bytes = 0;
  /** Rows in `message-states`, and as many in `schedule`. */
  failures = 0;
  /** No sequence from here on was ever given out. */
  sequenceCeiling = 0;
  removed = false;
  #staged = false;

  constructor(queue: number, commit: GroupCommit, onFlushed: () => void) {
    this.#queue = queue;
    this.#commit = commit;
    this.#onFlushed = onFlushed;
  }

  load(row: Buffer): void {
    this.messages = row.readDoubleBE(0);
    this.bytes = row.readDoubleBE(8);
    this.failures = row.readDoubleBE(16);
    this.sequenceCeiling = row.readDoubleBE(24);
  }

  /** Called while a batch closes: the row is written once in it, behind all messages. */
  changed(batch: BatchWriter, messages: number, bytes: number, failures: number): void {
    this.messages += messages;
    this.bytes += bytes;
    this.failures += failures;
    if (this.#staged) return;
    this.#staged = true;
    batch.stage(this);
  }

  /** Makes sure that `next` and half a block behind it are reserved. */
  reserve(next: number): void {
    if (next + sequenceBlock / 2 > this.sequenceCeiling) this.setCeiling(next + sequenceBlock);
  }

  setCeiling(ceiling: number): void {
    this.sequenceCeiling = ceiling;
    if (this.#staged) return;
    this.#staged = true;
    this.#commit.stage(this);
  }

  write(batch: BatchWriter): void {
    this.#staged = false;
    if (this.removed) return;
    const row = Buffer.allocUnsafe(32);
    row.writeDoubleBE(this.messages, 0);
    row.writeDoubleBE(this.bytes, 8);
    row.writeDoubleBE(this.failures, 16);
    row.writeDoubleBE(this.sequenceCeiling, 24);
    batch.put('queue-counters', queueKey(this.#queue), row);
    batch.wait(this, 0);
  }

  receipt(_tag: number, failure: SluiceError | undefined): void {
    if (failure === undefined) this.#onFlushed();
  }
}
