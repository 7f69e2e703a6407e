import type { Environment, Row } from '../../storage/environment.ts';
import { availableAtOfScheduleKey, scheduleKey, sequenceOfScheduleKey } from './keys.ts';

/** Keys read at once. */
const pageKeys = 1_024;

interface FarMessagesParts {
  readonly queue: number;
  readonly environment: Pick<Environment, 'get' | 'readKeys'>;
  /** The first key that the schedule has not read. */
  readonly from: () => Buffer;
  /** Whether the message waits on disk and nowhere else. */
  readonly isAlone: (availableAt: number, sequence: number) => boolean;
}

/**
 * Finds messages that wait on disk alone, for a full queue that has nothing else to drop. It reads a page at a time and goes
 * on behind it, so that those that go are not met again while their removal is not flushed.
 */
export class FarMessages {
  readonly #parts: FarMessagesParts;
  /** The first one last. */
  #page: Buffer[] = [];
  #next: Buffer | undefined;

  constructor(parts: FarMessagesParts) {
    this.#parts = parts;
  }

  /** The row in `schedule` of one of them, mostly the one that is due first; undefined where none is flushed. */
  first(): Row | undefined {
    const found = this.#firstBehind();
    if (found !== undefined) return found;
    this.#next = undefined;
    return this.#firstBehind();
  }

  #firstBehind(): Row | undefined {
    const { environment, isAlone } = this.#parts;
    while (this.#page.length > 0 || this.#readOn()) {
      const key = this.#page[this.#page.length - 1];
      const value = environment.get('schedule', key);
      if (value !== undefined && isAlone(availableAtOfScheduleKey(key), sequenceOfScheduleKey(key))) {
        return { key, value };
      }
      this.#page.pop();
    }
    return undefined;
  }

  #readOn(): boolean {
    const { queue, environment, from } = this.#parts;
    const keys = environment.readKeys('schedule', this.#next ?? from(), scheduleKey(queue + 1, 0, 0), pageKeys);
    const last = keys.at(-1);
    if (last === undefined) return false;
    this.#next = scheduleKey(queue, availableAtOfScheduleKey(last), sequenceOfScheduleKey(last) + 1);
    this.#page = keys.reverse();
    return true;
  }
}
