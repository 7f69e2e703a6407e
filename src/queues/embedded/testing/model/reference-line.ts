import assert from 'node:assert/strict';
import type { Published } from './published.ts';

/**
 * For tests: what was sent and is in no queue yet, in its order. Whoever waits goes in in a turn of the engine's own, so the
 * reference is told of it by a delivery, a row or a receipt, and then knows the same of those before it.
 */
export class ReferenceLine {
  readonly #enter: (published: Published, isToldDuplicate: boolean) => void;
  #waiting: Published[] = [];

  /** `enter`: it is in all of its queues that take it. */
  constructor(enter: (published: Published, isToldDuplicate: boolean) => void) {
    this.#enter = enter;
  }

  get all(): readonly Published[] {
    return this.#waiting;
  }

  join(published: Published): void {
    this.#waiting.push(published);
  }

  isBehind(name: string): boolean {
    return this.#waiting.some(({ names }) => names.includes(name));
  }

  /** Whether all that waited for the queue may have turned out to be duplicates. */
  mayBeOver(name: string): boolean {
    return this.#waiting.every(({ names, deduplicationId }) => !names.includes(name) || deduplicationId !== undefined);
  }

  has(id: string): boolean {
    return this.#waiting.some((each) => each.id === id);
  }

  /** It will come into no queue. */
  leave(id: string): void {
    this.#waiting = this.#waiting.filter((each) => each.id !== id);
  }

  /** It is in, and so are those that were before it in one of its queues. False where it does not wait. `isToldDuplicate`: its receipt says so. */
  arrived(id: string, isToldDuplicate = false): boolean {
    const one = this.#waiting.find((each) => each.id === id);
    if (one === undefined) return false;
    for (const earlier of [...this.#waiting]) {
      if (earlier === one) break;
      if (sharesQueue(earlier, one)) this.arrived(earlier.id);
    }
    this.leave(id);
    this.#enter(one, isToldDuplicate);
    return true;
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Those that nobody is before. */
  get first(): Published[] {
    return this.#waiting.filter((one, at) => !this.#waiting.slice(0, at).some((earlier) => sharesQueue(earlier, one)));
  }
}

function sharesQueue(one: Published, other: Published): boolean {
  assert.notEqual(one, other);
  return one.names.some((name) => other.names.includes(name));
}
