import { StepTime } from '../../std/step-time.ts';
import type { Entry } from './entry.ts';
import { availableAtOfScheduleKey, messageKey, scheduleKey, sequenceOfScheduleKey, stateKey } from './keys.ts';
import type { QueueCore } from './queue-core.ts';
import type { StoredRow } from './stored-row.ts';
import { decodeWaiting } from './waiting.ts';

/** Rows looked at between two looks at the clock. */
const pageRows = 256;

interface FailedBeforeParts {
  readonly queue: QueueCore;
  /** The first key that the schedule has not read. */
  readonly from: () => Buffer;
  /** Whether the message waits on disk and nowhere else. */
  readonly isAlone: (availableAt: number, sequence: number) => boolean;
  readonly inMemory: () => Iterable<Entry>;
}

/**
 * What has failed and waits for its next try when a queue is opened that keeps an order. Among a million messages with a
 * delay those have to be looked for, which takes seconds: it is done a step at a time, and nothing is delivered meanwhile.
 */
export class FailedBefore {
  readonly #parts: FailedBeforeParts;
  readonly #step: StepTime;
  #next: Buffer | undefined;
  /** Whether the disk may have some that nobody has told of. */
  #isOnDisk = false;

  constructor(parts: FailedBeforeParts) {
    this.#parts = parts;
    this.#step = new StepTime(parts.queue.context.monotonicMs);
  }

  /** When the queue is opened with messages that wait. */
  open(): void {
    this.#isOnDisk = true;
  }

  /** Tells of some of them; true when it has told of all. */
  tell(note: (failed: Entry | StoredRow) => void): boolean {
    this.#step.begin();
    while (this.#isOnDisk) {
      this.#isOnDisk = this.#tellPage(note);
      if (this.#isOnDisk && this.#step.isOver) return false;
    }
    // Last, so that what came into memory meanwhile is not missed.
    for (const entry of this.#parts.inMemory()) if (entry.attempts > 0) note(entry);
    return true;
  }

  /** False at the end. A page is read and told of in one turn: a row of an earlier one may be gone. */
  #tellPage(note: (failed: StoredRow) => void): boolean {
    const { queue, isAlone } = this.#parts;
    const end = scheduleKey(queue.id + 1, 0, 0);
    const keys = queue.context.environment.readKeys('schedule', this.#from(), end, pageRows);
    for (const key of keys) {
      const sequence = sequenceOfScheduleKey(key);
      if (!isAlone(availableAtOfScheduleKey(key), sequence)) continue;
      const failed = this.#failed(sequence, key);
      if (failed !== undefined) note(failed);
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < pageRows) return false;
    this.#next = scheduleKey(queue.id, availableAtOfScheduleKey(last), sequenceOfScheduleKey(last) + 1);
    return true;
  }

  /** What the schedule has read meanwhile is in memory. */
  #from(): Buffer {
    const beyondHorizon = this.#parts.from();
    if (this.#next === undefined || Buffer.compare(beyondHorizon, this.#next) > 0) return beyondHorizon;
    return this.#next;
  }

  #failed(sequence: number, key: Buffer): StoredRow | undefined {
    const { id, context } = this.#parts.queue;
    const { environment } = context;
    const state = environment.get('message-states', stateKey(id, sequence));
    const waiting = state === undefined ? undefined : decodeWaiting(state);
    if (waiting === undefined || waiting.attempts === 0) return undefined;
    const lane = environment.get('schedule', key)?.[0] ?? 0;
    const record = environment.get('messages', messageKey(id, lane, sequence));
    return record === undefined ? undefined : { lane, sequence, record, waiting };
  }
}
