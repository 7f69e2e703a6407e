import type { Clock } from '../../std/clock.ts';

/** Messages of one driver that may hang or break down within the window, until it is not tried. Each costs up to seconds. */
export const strikesMax = 8;
export const strikeWindowMs = 60_000;

/**
 * Sets a driver aside that stops its thread or process again and again, for the device type whose messages or schemas make
 * it do so: the messages of others get on, also with the same driver.
 */
export class Quarantine {
  readonly #clock: Clock;
  readonly #strikes = new Map<string, { since: number; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  strike(name: string): void {
    const known = this.#current(name);
    if (known === undefined) this.#strikes.set(name, { since: this.#clock.now(), count: 1 });
    else known.count++;
  }

  holds(name: string): boolean {
    const known = this.#current(name);
    return known !== undefined && known.count >= strikesMax;
  }

  #current(name: string): { since: number; count: number } | undefined {
    const known = this.#strikes.get(name);
    if (known === undefined || this.#clock.now() - known.since < strikeWindowMs) return known;
    this.#strikes.delete(name);
    return undefined;
  }
}
