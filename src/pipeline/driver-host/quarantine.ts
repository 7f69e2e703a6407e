import type { Clock } from '../../std/clock.ts';

/** Hung or broken-down messages of one driver within the window after which it is not tried: each costs up to seconds. */
export const strikesMax = 8;
export const strikeWindowMs = 10_000;

/** Sets a driver aside that stops its thread or process again and again, so that the messages of others get on. */
export class Quarantine {
  readonly #clock: Clock;
  readonly #strikes = new Map<number, { since: number; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  strike(driver: number): void {
    const known = this.#current(driver);
    if (known === undefined) this.#strikes.set(driver, { since: this.#clock.now(), count: 1 });
    else known.count++;
  }

  holds(driver: number): boolean {
    const known = this.#current(driver);
    return known !== undefined && known.count >= strikesMax;
  }

  #current(driver: number): { since: number; count: number } | undefined {
    const known = this.#strikes.get(driver);
    if (known === undefined || this.#clock.now() - known.since < strikeWindowMs) return known;
    this.#strikes.delete(driver);
    return undefined;
  }
}
