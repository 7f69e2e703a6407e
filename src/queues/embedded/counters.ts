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

/** Of one lane. */
export interface LaneCounters {
  messages: number;
  /** Rows in `message-states`, and as many in `schedule`. */
  waiting: number;
}

/**
 * What the disk holds of a queue, in one row that changes in the same commit: opening a queue counts nothing. The row
 * goes up to the highest lane that was used:
 *
 *   | bytes f64 | sequence ceiling f64 | lane 0: messages f64, waiting f64 | lane 1: ... |
 */
export class QueueCounters implements StagedWrite, ReceiptWaiter {
  readonly #queue: number;
  readonly #commit: GroupCommit;
  readonly #onFlushed: () => void;
  readonly lanes: LaneCounters[] = [{ messages: 0, waiting: 0 }];
  bytes = 0;
  /** No sequence from here on was ever given out. */
  sequenceCeiling = 0;
  removed = false;
  #staged = false;

  constructor(queue: number, commit: GroupCommit, onFlushed: () => void) {
    this.#queue = queue;
    this.#commit = commit;
    this.#onFlushed = onFlushed;
  }

  get messages(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.messages, 0);
  }

  get waiting(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.waiting, 0);
  }

  load(row: Buffer): void {
    const { bytes, sequenceCeiling, lanes } = decodeCounters(row);
    this.bytes = bytes;
    this.sequenceCeiling = sequenceCeiling;
    for (const [lane, counts] of lanes.entries()) this.lanes[lane] = counts;
  }

  /** Called while a batch closes: the row is written once in it, behind all messages. */
  changed(batch: BatchWriter, lane: number, messages: number, bytes: number, waiting: number): void {
    while (lane >= this.lanes.length) this.lanes.push({ messages: 0, waiting: 0 });
    this.lanes[lane].messages += messages;
    this.lanes[lane].waiting += waiting;
    this.bytes += bytes;
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
    const row = Buffer.allocUnsafe(16 + this.lanes.length * 16);
    row.writeDoubleBE(this.bytes, 0);
    row.writeDoubleBE(this.sequenceCeiling, 8);
    for (const [lane, { messages, waiting }] of this.lanes.entries()) {
      row.writeDoubleBE(messages, 16 + lane * 16);
      row.writeDoubleBE(waiting, 24 + lane * 16);
    }
    batch.put('queue-counters', queueKey(this.#queue), row);
    batch.wait(this, 0);
  }

  receipt(_tag: number, failure: SluiceError | undefined): void {
    if (failure === undefined) this.#onFlushed();
  }
}

/** What a row says; the lanes up to the highest that was used. */
export function decodeCounters(row: Buffer): { bytes: number; sequenceCeiling: number; lanes: LaneCounters[] } {
  const lanes: LaneCounters[] = [];
  for (let at = 16; at + 16 <= row.length; at += 16) {
    lanes.push({ messages: row.readDoubleBE(at), waiting: row.readDoubleBE(at + 8) });
  }
  return { bytes: row.readDoubleBE(0), sequenceCeiling: row.readDoubleBE(8), lanes };
}
