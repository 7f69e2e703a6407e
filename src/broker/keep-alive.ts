import type { Clock } from '../std/clock.ts';
import type { Deadline } from '../std/deadline-heap.ts';
import { Deadlines } from '../std/deadlines.ts';
import { SteadyClock } from '../std/steady-clock.ts';

/** A connection as this duty sees it. */
export interface Watched extends Deadline {
  /** When the last bytes came, epoch milliseconds. */
  lastReceivedAt: number;
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
 *
 * Where the clock is set back, by however much, nobody may be silent for more than three times as long.
 */
export class KeepAlive {
  readonly #deadlines: Deadlines<Watched>;
  /** The one that the last bytes are timed by. */
  readonly #clock: Clock;
  readonly #steady: SteadyClock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#steady = new SteadyClock(clock);
    this.#deadlines = new Deadlines((watched, now) => this.#check(watched, now), this.#steady);
  }

  watch(watched: Watched): void {
    if (watched.silenceMsMax === Number.POSITIVE_INFINITY) this.#deadlines.remove(watched);
    else this.#deadlines.set(watched, this.#steady.now() + watched.silenceMsMax);
  }

  forget(watched: Watched): void {
    this.#deadlines.remove(watched);
  }

  stop(): void {
    this.#deadlines.clear();
  }

  #check(watched: Watched, now: number): void {
    const { isUnread, deadline, silenceMsMax } = watched;
    const byClock = this.#clock.now();
    // The clock was set back since the last bytes came, and how long ago that was is not known.
    if (watched.lastReceivedAt > byClock) watched.lastReceivedAt = byClock - silenceMsMax / 2;
    const isNobodysFault = isUnread || now - deadline >= pausedMsMin;
    const leftMs = isNobodysFault ? silenceMsMax / 2 : watched.lastReceivedAt + silenceMsMax - byClock;
    if (leftMs > 0) this.#deadlines.set(watched, now + leftMs);
    else watched.timedOut();
  }
}
