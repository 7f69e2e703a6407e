import type { Clock, Timer } from '../std/clock.ts';
import type { PauseCause } from './counters.ts';

/** A publisher that can be made to wait by not being read. */
export interface Holdable {
  hold(cause: PauseCause): void;
  unhold(): void;
}

/**
 * The back-pressure from one subscriber's socket to those who publish to it: they are not read until it has drained.
 * A subscriber that does not drain in time is slow: nobody waits for it any more, and what does not fit is dropped and
 * counted, until it has caught up.
 */
export class Congestion {
  #held: Set<Holdable> | undefined;
  readonly #clock: Clock;
  #patience: Timer | undefined;
  #slow = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  hold(publisher: Holdable): void {
    if (this.#slow) return;
    this.#held ??= new Set();
    if (this.#held.has(publisher)) return;
    this.#held.add(publisher);
    publisher.hold('congested_subscriber');
    this.#patience ??= this.#clock.after(patienceMs, () => this.#giveUp());
  }

  /** The socket has taken what waited, or is gone. */
  over(): void {
    this.#slow = false;
    this.#letGo();
  }

  #giveUp(): void {
    this.#slow = true;
    this.#letGo();
  }

  #letGo(): void {
    this.#patience?.cancel();
    this.#patience = undefined;
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const publisher of held) publisher.unhold();
  }
}

/** Unsent bytes from which on publishers wait; low enough that what they have in flight still fits under `outputBytesMax`. */
export const congestedBytesMin = 1024 * 1024;
const patienceMs = 1_000;
