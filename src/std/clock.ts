/** Time as a parameter: the core never reads the machine's clock or starts a timer by itself. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /**
   * The same as when it was asked for first in this callback of the event loop: for what comes by the hundred thousand a second,
   * since the machine's clock takes as long to read as a message to put in a list.
   */
  turn(): number;
  /** Calls `callback` once, `delayMs` from now. A delay of 0 means in a later turn, never in this one. */
  after(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  /** After this the callback will not be called. Cancelling twice, or after it ran, does nothing. */
  cancel(): void;
}

/** Longest delay that Node's timers take; a longer one is waited for in steps. */
const timerDelayMsMax = 0x7fffffff;

class SystemClock implements Clock {
  #turn = 0;
  readonly #turnIsOver = (): void => {
    this.#turn = 0;
  };

  readonly now = Date.now;

  turn(): number {
    if (this.#turn === 0) {
      this.#turn = Date.now();
      process.nextTick(this.#turnIsOver);
    }
    return this.#turn;
  }

  after(delayMs: number, callback: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (remaining: number): void => {
      const step = Math.min(remaining, timerDelayMsMax);
      handle = setTimeout(() => (remaining > step ? arm(remaining - step) : callback()), step);
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  }
}

export const systemClock: Clock = new SystemClock();

/** A clock that stands still until a test moves it. Timers fire in the order of their deadlines, ties in the order of arming. */
export class SimulatedClock implements Clock {
  #now: number;
  #armed = 0;
  readonly #timers = new Map<number, { at: number; callback: () => void }>();

  constructor(startMs = 1_700_000_000_000) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  turn(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): Timer {
    const id = this.#armed++;
    this.#timers.set(id, { at: this.#now + Math.max(0, delayMs), callback });
    return { cancel: () => void this.#timers.delete(id) };
  }

  /** As when somebody sets the clock of a machine back: what waits for a timer waits no longer for it. */
  setBack(ms: number): void {
    this.#now -= ms;
    for (const timer of this.#timers.values()) timer.at -= ms;
  }

  /** Moves time forward by `ms` and runs every timer that falls due, at its own instant. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      const timer = this.#timers.get(next);
      this.#timers.delete(next);
      if (timer === undefined) continue;
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
    }
    this.#now = end;
  }

  #next(end: number): number | undefined {
    let found: number | undefined;
    let at = Number.POSITIVE_INFINITY;
    for (const [id, timer] of this.#timers) {
      if (timer.at <= end && timer.at < at) {
        at = timer.at;
        found = id;
      }
    }
    return found;
  }
}
