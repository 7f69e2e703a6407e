import type { Clock, Timer } from './clock.ts';

/** A clock that stands where the machine's is set back, and then goes on: for what lasts so long, and not until a time of day. */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  #last = 0;
  #setBackMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    const now = this.#clock.now();
    if (now < this.#last) this.#setBackMs += this.#last - now;
    this.#last = now;
    return now + this.#setBackMs;
  }

  turn(): number {
    return this.now();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#clock.after(delayMs, callback);
  }
}
