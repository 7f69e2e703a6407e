import type { Clock } from '../std/clock.ts';
import type { Deadline } from '../std/deadline-heap.ts';
import { Deadlines } from '../std/deadlines.ts';

/** A connection as this duty sees it. */
export interface Watched extends Deadline {
  /** When the last bytes came, epoch milliseconds. */
  readonly lastReceivedAt: number;
  /** How long the client may be silent; infinite where it turned keep-alive off. */
  readonly silenceMsMax: number;
  /** Whether the server does not read from it, for a reason that lies elsewhere: then its silence says nothing. */
  readonly isUnread: boolean;
  timedOut(): void;
}

/** Who looks so much too late has stood still: a process that was stopped, a paused machine. What clients sent meanwhile may be on its way. */
export const pausedMsMin = 2_000;

/**
 * Ends connections whose client was silent for one and a half times its keep-alive [MQTT-3.1.2-22], or that never said
 * CONNECT. Traffic moves nothing here: a deadline that comes too early looks at the last bytes and is set again.
 */
export class KeepAlive {
  readonly #deadlines: Deadlines<Watched>;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#deadlines = new Deadlines((watched, now) => this.#check(watched, now), clock);
  }

  watch(watched: Watched): void {
    if (watched.silenceMsMax === Number.POSITIVE_INFINITY) this.#deadlines.remove(watched);
    else this.#deadlines.set(watched, this.#clock.now() + watched.silenceMsMax);
  }

  forget(watched: Watched): void {
    this.#deadlines.remove(watched);
  }

  stop(): void {
    this.#deadlines.clear();
  }

  #check(watched: Watched, now: number): void {
    const { isUnread, deadline, lastReceivedAt, silenceMsMax } = watched;
    const isNobodysFault = isUnread || now - deadline >= pausedMsMin;
    const silentUntil = isNobodysFault ? now + silenceMsMax / 2 : lastReceivedAt + silenceMsMax;
    if (silentUntil > now) this.#deadlines.set(watched, silentUntil);
    else watched.timedOut();
  }
}
