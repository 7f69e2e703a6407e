import { scheduleKey, sequenceMax } from './keys.ts';

/** A place in the order of time and sequence, which goes ahead and never back: up to there a schedule has read its rows. */
export class Horizon {
  #at = 0;
  /** Where it lies within the messages of that millisecond. */
  #sequence = sequenceMax;

  /** The millisecond in which it lies; 0 before anything was read. */
  get at(): number {
    return this.#at;
  }

  /** The last millisecond that lies before it altogether. */
  get wholeMs(): number {
    return this.#sequence === sequenceMax ? this.#at : this.#at - 1;
  }

  /** Whether what is due then is beyond it. */
  isBefore(availableAt: number, sequence: number): boolean {
    return availableAt === this.#at ? sequence > this.#sequence : availableAt > this.#at;
  }

  move(at: number, sequence: number): void {
    if (!this.isBefore(at, sequence)) return;
    this.#at = at;
    this.#sequence = sequence;
  }

  /** The first key of that queue beyond it. */
  nextKey(queue: number): Buffer {
    if (this.#sequence === sequenceMax) return scheduleKey(queue, this.#at + 1, 0);
    return scheduleKey(queue, this.#at, this.#sequence + 1);
  }
}
