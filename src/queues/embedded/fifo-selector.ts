import type { Backlog } from './backlog.ts';
import type { Entry } from './entry.ts';
import type { HotShare } from './hot-window.ts';
import type { ReadyList } from './ready-list.ts';
import type { Schedule } from './schedule.ts';
import type { Selector } from './selector.ts';
import type { StoredRow } from './stored-row.ts';

interface FifoParts {
  readonly ready: ReadyList;
  readonly backlog: Backlog;
  readonly schedule: Schedule;
  readonly hot: HotShare;
  /** Whether a consumer waits for a message. */
  readonly canDeliver: () => boolean;
  /** Whether nothing is written. */
  readonly isInMemory: () => boolean;
}

/** First in, first out: what came back goes to its old place. */
export class FifoSelector implements Selector {
  readonly #parts: FifoParts;

  constructor(parts: FifoParts) {
    this.#parts = parts;
  }

  arrived(entry: Entry): void {
    const { ready, backlog, hot } = this.#parts;
    if (this.#keepsInMemory()) {
      hot.add(entry.record.length);
      ready.push(entry);
    } else if (this.#parts.isInMemory()) {
      // What was written before the queue was told to write no more is behind it: that has to be read first.
      hot.add(entry.record.length);
      ready.putBack(entry);
    } else {
      backlog.spill(entry);
    }
  }

  next(): Entry | undefined {
    const { ready, backlog, schedule } = this.#parts;
    if (schedule.wanted) schedule.load();
    while (ready.size === 0 && schedule.wanted) schedule.load();
    if (ready.size === 0 && backlog.size > 0) backlog.load();
    return ready.shift();
  }

  returned(entry: Entry): void {
    this.#parts.ready.putBack(entry);
  }

  departed(): void {
    // No other message waited for it.
  }

  withdrawn(): void {
    this.#parts.ready.forget();
  }

  withdrawnOnDisk(row: StoredRow): void {
    if (row.waiting === undefined) this.#parts.backlog.taken();
  }

  inMemory(): Iterable<Entry> {
    return this.#parts.ready;
  }

  oldest(): Entry | undefined {
    return this.#parts.ready.peek();
  }

  /** New messages must wait behind those on disk; and where memory is full, a consumer that waits takes one all the same. */
  #keepsInMemory(): boolean {
    const { ready, backlog, hot, canDeliver } = this.#parts;
    if (backlog.size > 0) return false;
    return hot.hasRoom || (ready.size === 0 && canDeliver());
  }
}
