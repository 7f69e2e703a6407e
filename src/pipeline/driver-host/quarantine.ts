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
  /** By driver and device type: drivers are bounded, and types are made by administrators. */
  readonly #strikes = new Map<number, Map<string, Strikes>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this sets the driver aside. What was at work already when it was may still strike. */
  strike(driver: number, deviceType: string): boolean {
    const known = this.#current(driver, deviceType);
    if (known !== undefined) return ++known.count === strikesMax;
    const ofDriver = this.#strikes.get(driver) ?? new Map<string, Strikes>();
    this.#strikes.set(driver, ofDriver.set(deviceType, { since: this.#clock.now(), count: 1 }));
    return false;
  }

  holds(driver: number, deviceType: string): boolean {
    const known = this.#current(driver, deviceType);
    return known !== undefined && known.count >= strikesMax;
  }

  /** Device types for which the driver is set aside now. */
  heldFor(driver: number): readonly string[] {
    const ofDriver = this.#strikes.get(driver);
    return ofDriver === undefined ? [] : [...ofDriver.keys()].filter((deviceType) => this.holds(driver, deviceType));
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
