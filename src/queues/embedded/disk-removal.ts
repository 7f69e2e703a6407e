import type { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import type { BatchWriter, StagedWrite } from '../../storage/staged-write.ts';
import type { Failure } from './failure.ts';
import { messageKey, scheduleKey } from './keys.ts';
import type { QueueCore } from './queue-core.ts';

/** Removes the rows of a message that was never read into memory. */
export class DiskRemoval implements StagedWrite, ReceiptWaiter {
  readonly #queue: QueueCore;
  readonly #sequence: number;
  readonly #bytes: number;
  readonly #failure: Failure | undefined;

  constructor(queue: QueueCore, sequence: number, bytes: number, failure: Failure | undefined) {
    this.#queue = queue;
    this.#sequence = sequence;
    this.#bytes = bytes;
    this.#failure = failure;
  }

  write(batch: BatchWriter): void {
    const queue = this.#queue;
    if (queue.removed) return;
    const key = messageKey(queue.id, this.#sequence);
    batch.remove('messages', key);
    if (this.#failure !== undefined) {
      batch.remove('message-states', key);
      batch.remove('schedule', scheduleKey(queue.id, this.#failure.availableAt, this.#sequence));
    }
    queue.counters.changed(batch, -1, -this.#bytes, this.#failure === undefined ? 0 : -1);
    batch.wait(this, 0);
  }

  receipt(_tag: number, failure: SluiceError | undefined): void {
    if (failure === undefined) this.#queue.takenOnDisk.delete(this.#sequence);
  }
}
