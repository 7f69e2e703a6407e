import type { Clock } from '../../std/clock.ts';
import { RecentMap } from '../../std/recent-map.ts';

/** Counts what happened to whom within a window of time that begins with the first of it. */
export class Strikes {
  readonly #entries: RecentMap<string, { count: number; since: number }>;
  readonly #windowMs: number;
  readonly #clock: Clock;

  constructor(entriesMax: number, windowMs: number, clock: Clock) {
    this.#entries = new RecentMap(entriesMax);
    this.#windowMs = windowMs;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Counts one more; whether that makes `max` of them. Counting then begins anew. */
  reach(key: string, max: number): boolean {
    const now = this.#clock.now();
    const entry = this.#entries.get(key);
    const isNew = entry === undefined || now - entry.since >= this.#windowMs;
    const count = isNew ? 1 : entry.count + 1;
    if (count >= max) {
      this.#entries.delete(key);
      return true;
    }
    if (isNew) this.#entries.set(key, { count, since: now });
    else entry.count = count;
    return false;
  }
}
