import type { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import type { BatchWriter, StagedWrite } from '../../storage/staged-write.ts';
import { expiryKey, messageKey, scheduleKey, stateKey } from './keys.ts';
import type { QueueCore } from './queue-core.ts';
import { expiresAtOf } from './record.ts';
import type { StoredRow } from './stored-row.ts';
import type { Waiting } from './waiting.ts';

/** Removes the rows of a message that was never read into memory. It keeps no record. */
export class DiskRemoval implements StagedWrite, ReceiptWaiter {
  readonly #queue: QueueCore;
  readonly #lane: number;
  readonly #sequence: number;
  readonly #bytes: number;
  readonly #expiresAt: number;
  readonly #waiting: Waiting | undefined;

  constructor(queue: QueueCore, { lane, sequence, record, waiting }: StoredRow) {
    this.#queue = queue;
    this.#lane = lane;
    this.#sequence = sequence;
    this.#bytes = record.length;
    this.#expiresAt = expiresAtOf(record);
    this.#waiting = waiting;
  }

  write(batch: BatchWriter): void {
    const queue = this.#queue;
    if (queue.removed) return;
    batch.remove('messages', messageKey(queue.id, this.#lane, this.#sequence));
    if (this.#expiresAt !== 0) {
      batch.remove('expiries', expiryKey(queue.id, this.#expiresAt, this.#lane, this.#sequence));
    }
    if (this.#waiting !== undefined) {
      batch.remove('message-states', stateKey(queue.id, this.#sequence));
      batch.remove('schedule', scheduleKey(queue.id, this.#waiting.availableAt, this.#sequence));
    }
    queue.counters.changed(batch, this.#lane, -1, -this.#bytes, this.#waiting === undefined ? 0 : -1);
    batch.wait(this, 0);
  }

  receipt(_tag: number, failure: SluiceError | undefined): void {
    if (failure === undefined) this.#queue.takenOnDisk.delete(this.#sequence);
  }
}
