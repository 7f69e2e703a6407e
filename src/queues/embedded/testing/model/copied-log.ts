import type { GroupStart } from '../../../group-start.ts';
import type { History } from './history.ts';

/** A message of the log that is copied. */
export interface LoggedMessage {
  readonly sequence: number;
  readonly id: string;
  /** When it came in. */
  readonly at: number;
  readonly expiresAt: number;
}

/** For tests: a log that is copied into queues. It has whatever was sent to it, until it is purged. */
export class CopiedLog {
  /** By sequence, in order. */
  readonly present = new Map<number, LoggedMessage>();
  readonly #history: History;
  #next = 1;
  /** Since the engine was started. */
  #enqueued = 0;

  constructor(history: History) {
    this.#history = history;
  }

  append(message: Omit<LoggedMessage, 'sequence'>): void {
    const sequence = this.#next++;
    this.present.set(sequence, { sequence, ...message });
    this.#enqueued++;
    this.#history.add(() => {
      this.present.delete(sequence);
      this.#next = sequence;
    });
  }

  /** All that there is is gone, on the disk as well. */
  purged(): void {
    this.present.clear();
  }

  reopened(): void {
    this.#enqueued = 0;
  }

  get counts(): { readonly ready: number; readonly enqueued: number } {
    return { ready: this.present.size, enqueued: this.#enqueued };
  }

  get next(): number {
    return this.#next;
  }

  /** The sequence that such a place stands for. */
  positionOf(place: GroupStart): number {
    const [first = this.#next] = this.present.keys();
    if (place === 'earliest') return first;
    if (place === 'latest') return this.#next;
    if ('sequence' in place) return Math.min(Math.max(place.sequence, first), this.#next);
    for (const { sequence, at } of this.present.values()) if (at >= place.timeMs) return sequence;
    return this.#next;
  }
}
