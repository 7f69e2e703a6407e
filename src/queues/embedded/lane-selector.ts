import type { QueueOptions } from '../options.ts';
import type { Entry } from './entry.ts';
import type { HotShare } from './hot-window.ts';
import type { Lane, Lanes } from './lanes.ts';
import type { Schedule } from './schedule.ts';
import type { Selector } from './selector.ts';
import type { StoredRow } from './stored-row.ts';

interface LaneParts {
  readonly lanes: Lanes;
  readonly schedule: Schedule;
  readonly hot: HotShare;
  readonly options: () => QueueOptions;
  readonly now: () => number;
  /** Whether a consumer waits for a message. */
  readonly canDeliver: () => boolean;
  /** Whether nothing is written. */
  readonly isInMemory: () => boolean;
}

/**
 * The highest priority first, and in it first in, first out: what came back goes to its old place. Waiting lifts a message,
 * up to the highest priority, where the one that has waited longest goes first; only the heads of the lanes are compared,
 * since each has waited longest in its own.
 */
export class LaneSelector implements Selector {
  readonly #lanes: Lanes;
  readonly #schedule: Schedule;
  readonly #hot: HotShare;
  readonly #parts: LaneParts;

  constructor(parts: LaneParts) {
    this.#lanes = parts.lanes;
    this.#schedule = parts.schedule;
    this.#hot = parts.hot;
    this.#parts = parts;
  }

  arrived(entry: Entry): void {
    const hot = this.#hot;
    const lane = this.#lanes.of(entry.lane);
    if (this.#keepsInMemory(lane)) {
      hot.add(entry.record.length);
      lane.ready.push(entry);
    } else if (this.#parts.isInMemory()) {
      // What was written before the queue was told to write no more is behind it: that has to be read first.
      hot.add(entry.record.length);
      lane.ready.putBack(entry);
    } else {
      lane.backlog.spill(entry);
    }
  }

  next(): Entry | undefined {
    const lanes = this.#lanes;
    const schedule = this.#schedule;
    if (schedule.wanted) schedule.load();
    while (lanes.readyInMemory === 0 && schedule.wanted) schedule.load();
    const lane = lanes.only ?? this.#choose();
    if (lane.backlog.size > 0) lane.backlog.load();
    return lane.ready.shift();
  }

  returned(entry: Entry): void {
    this.#laneOf(entry).ready.putBack(entry);
  }

  departed(): void {
    // No other message waited for it.
  }

  withdrawn(entry: Entry): void {
    this.#laneOf(entry).ready.forget();
  }

  withdrawnOnDisk(row: StoredRow): void {
    if (row.waiting === undefined) this.#laneOf(row).backlog.taken();
  }

  *inMemory(): Iterable<Entry> {
    for (const { ready } of this.#lanes.all) yield* ready;
  }

  oldest(): Entry | undefined {
    let oldest: Entry | undefined;
    for (const { ready } of this.#lanes.all) {
      const head = ready.peek();
      if (head !== undefined && (oldest === undefined || head.sequence < oldest.sequence)) oldest = head;
    }
    return oldest;
  }

  #laneOf({ lane }: { lane: number }): Lane {
    return this.#lanes.of(lane);
  }

  /** Any lane where nothing is ready. */
  #choose(): Lane {
    const { options, now } = this.#parts;
    const lanes = this.#lanes;
    const { priorities, priorityAgeingMs } = options();
    const ageingMs = priorityAgeingMs === 0 ? Number.POSITIVE_INFINITY : priorityAgeingMs;
    const at = now();
    let chosen: Lane = lanes.all[0];
    let first: Entry | undefined;
    let highest = -1;
    for (let number = lanes.all.length - 1; number >= 0; number--) {
      const lane = lanes.all[number];
      const head = lane.head();
      if (head === undefined) continue;
      const level = Math.min(number + Math.floor(waitedMs(head, at) / ageingMs), priorities - 1);
      const isFirst = first === undefined || head.sequence < first.sequence;
      if (level < highest || (level === highest && !isFirst)) continue;
      [chosen, first, highest] = [lane, head, level];
    }
    return chosen;
  }

  /** New messages must wait behind those on disk; and where memory is full, a consumer that waits takes one all the same. */
  #keepsInMemory({ ready, backlog }: Lane): boolean {
    if (backlog.size > 0) return false;
    return this.#hot.hasRoom || (ready.size === 0 && this.#parts.canDeliver());
  }
}

/** A delay is no wait. */
function waitedMs({ enqueuedAt, waiting }: Entry, now: number): number {
  const since = waiting === undefined || waiting.attempts > 0 ? enqueuedAt : waiting.availableAt;
  return Math.max(0, now - since);
}
