import { Backlog } from './backlog.ts';
import type { Entry } from './entry.ts';
import type { QueueCore } from './queue-core.ts';
import { ReadyList } from './ready-list.ts';
import type { StoredRow } from './stored-row.ts';

/** The ready messages of one priority, in the order in which they came: those in memory, and behind them those on disk alone. */
export class Lane {
  readonly number: number;
  readonly ready = new ReadyList();
  readonly backlog: Backlog;

  constructor(number: number, queue: QueueCore) {
    this.number = number;
    this.backlog = new Backlog(queue, number, this.ready);
  }

  get size(): number {
    return this.ready.size + this.backlog.size;
  }

  /** The first one; undefined where there is none, or none that is flushed. */
  head(): Entry | undefined {
    if (this.backlog.size > 0) this.backlog.load();
    return this.ready.peek();
  }

  /** The first one, which may be nowhere but in an open batch. */
  first(): Entry | StoredRow | undefined {
    return this.head() ?? (this.backlog.size > 0 ? this.backlog.firstUnflushed() : undefined);
  }
}

/**
 * The lanes of a queue, the lowest first. There are as many as a message has ever needed: fewer priorities than before leave
 * what waits where it is.
 */
export class Lanes {
  readonly #queue: QueueCore;
  readonly all: Lane[];
  readonly #lowest: Lane;
  /** Nearly always there is no other. */
  #isOne = true;

  constructor(queue: QueueCore) {
    this.#queue = queue;
    this.#lowest = new Lane(0, queue);
    this.all = [this.#lowest];
  }

  /** The one lane that there is; undefined where there are several. */
  get only(): Lane | undefined {
    return this.#isOne ? this.#lowest : undefined;
  }

  of(number: number): Lane {
    if (number === 0) return this.#lowest;
    this.#isOne = false;
    while (this.all.length <= number) this.all.push(new Lane(this.all.length, this.#queue));
    return this.all[number];
  }

  get readyInMemory(): number {
    if (this.#isOne) return this.#lowest.ready.size;
    return this.all.reduce((sum, { ready }) => sum + ready.size, 0);
  }

  get onDiskAlone(): number {
    if (this.#isOne) return this.#lowest.backlog.size;
    return this.all.reduce((sum, { backlog }) => sum + backlog.size, 0);
  }

  /** The batch before is on disk. */
  flushed(): void {
    for (const { backlog } of this.all) backlog.flushed();
  }

  clear(): void {
    for (const { ready } of this.all) ready.clear();
  }
}
