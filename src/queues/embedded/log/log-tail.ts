import { Deque } from '../../../std/deque.ts';
import type { HotShare } from '../hot-window.ts';

/** Records that a log keeps in memory for those who read its end. */
export const tailMessagesMax = 4_096;
export const tailBytesMax = 4 * 1024 * 1024;

/**
 * The newest messages of a log in memory, one copy for all of its groups: a run without holes up to the last one. It holds
 * no more than its limits and the log's share of memory, so a group that is further behind reads from disk.
 */
export class LogTail {
  readonly #hot: HotShare;
  readonly #records = new Deque<Buffer>();
  #first = 1;
  #bytes = 0;

  constructor(hot: HotShare) {
    this.#hot = hot;
  }

  /** The lowest sequence that is here; where nothing is, the next one that could be. */
  get first(): number {
    return this.#first;
  }

  get size(): number {
    return this.#records.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The next message. Sequences come without holes. */
  push(sequence: number, record: Buffer): void {
    if (this.#records.size === 0) this.#first = sequence;
    this.#records.push(record);
    this.#bytes += record.length;
    this.#hot.add(record.length);
    while (this.#records.size > 0 && this.#isFull()) this.#shift();
  }

  get(sequence: number): Buffer | undefined {
    return this.#records.at(sequence - this.#first);
  }

  /** Nobody reads what is below `sequence` from here any more. */
  release(sequence: number): void {
    while (this.#records.size > 0 && this.#first < sequence) this.#shift();
  }

  clear(): void {
    this.release(Number.POSITIVE_INFINITY);
  }

  #isFull(): boolean {
    return this.#records.size > tailMessagesMax || this.#bytes > tailBytesMax || !this.#hot.hasRoom;
  }

  #shift(): void {
    const record = this.#records.shift() as Buffer;
    this.#first++;
    this.#bytes -= record.length;
    this.#hot.remove(record.length);
  }
}
