import type { Clock } from '../../std/clock.ts';

/** Messages of one driver that may hang or break down within the window, until it is not tried. Each costs up to seconds. */
export const strikesMax = 8;
export const strikeWindowMs = 60_000;

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
