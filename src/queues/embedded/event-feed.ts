import type { Clock } from '../../std/clock.ts';
import type { QueueEvent, QueueEventKind } from '../engine.ts';

/** Tells whoever listens what happens to the queues of an engine. */
export class EventFeed {
  readonly #clock: Clock;
  readonly #listeners: ((event: QueueEvent) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(listener: (event: QueueEvent) => void): void {
    this.#listeners.push(listener);
  }

  tell(queue: string, kind: QueueEventKind, detail: QueueEvent['detail'] = {}): void {
    const at = this.#clock.now();
    for (const listener of this.#listeners) listener({ queue, kind, at, detail });
  }
}
