import type { Clock } from '../../std/clock.ts';

/** Strikes of one driver within the window, until it is not tried. A message that its time box ended is one, and cost as much as the box. */
export const strikesMax = 8;
/**
 * Strikes of a message that took its thread or process along: what waits behind it waits for seconds (twenty time boxes, or
 * until memory is full), so the third of them sets the driver aside.
 */
export const strikesOfBreakdown = 3;
export const strikeWindowMs = 60_000;

/**
 * Sets a driver aside that stops its thread or process again and again, for the device type whose messages or schemas make
 * it do so: the messages of others get on, also with the same driver.
 */
export class Quarantine {
  readonly #clock: Clock;
  /** By driver and device type: drivers are bounded, and types are made by administrators. */
  readonly #strikes = new Map<number, Map<string, Strikes>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this sets the driver aside. What was at work already when it was may still strike. */
  strike(driver: number, deviceType: string, strikes = 1): boolean {
    const known = this.#current(driver, deviceType);
    if (known !== undefined) {
      const before = known.count;
      known.count += strikes;
      return before < strikesMax && known.count >= strikesMax;
    }
    const ofDriver = this.#strikes.get(driver) ?? new Map<string, Strikes>();
    this.#strikes.set(driver, ofDriver.set(deviceType, { since: this.#clock.now(), count: strikes }));
    return false;
  }

  /** When the driver is tried again, in epoch milliseconds; undefined where it is not set aside. */
  heldUntil(driver: number, deviceType: string): number | undefined {
    const known = this.#current(driver, deviceType);
    return known !== undefined && known.count >= strikesMax ? known.since + strikeWindowMs : undefined;
  }

  /** Device types for which the driver is set aside now. */
  heldFor(driver: number): readonly string[] {
    const ofDriver = this.#strikes.get(driver);
    return ofDriver === undefined
      ? []
      : [...ofDriver.keys()].filter((deviceType) => this.heldUntil(driver, deviceType) !== undefined);
  }

  /** The driver went, and its number does not come again. */
  forget(driver: number): void {
    this.#strikes.delete(driver);
  }

  #current(driver: number, deviceType: string): Strikes | undefined {
    const ofDriver = this.#strikes.get(driver);
    const known = ofDriver?.get(deviceType);
    if (known === undefined || this.#clock.now() - known.since < strikeWindowMs) return known;
    ofDriver?.delete(deviceType);
    return undefined;
  }
}

interface Strikes {
  readonly since: number;
  count: number;
}
