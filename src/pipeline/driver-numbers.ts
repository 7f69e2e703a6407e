import { Histogram, type HistogramReading } from '../std/histogram.ts';
import { isBuried } from './death.ts';
import { type Outcome, outcomeOf, type Verdict } from './outcome.ts';
import type { Work } from './work.ts';

/**
 * Pairs of device type and driver version that are counted by themselves. Types and drivers are made by administrators, but
 * each pair is a dozen series for whoever keeps the metrics; what comes of one more is counted as `otherPair`.
 */
export const driverPairsMax = 200;

/** In place of the names of a pair beyond `driverPairsMax`. No version is called so, so that no pair of that name can be. */
export const otherPair = { deviceType: 'other', driver: 'other', driverVersion: 'other' } as const;

/** What one driver version made of the messages of one device type since the start. */
export interface DriverReading {
  /** Empty: the device is not known. */
  readonly deviceType: string;
  /** Empty, like its version: the message stopped before it had a driver. */
  readonly driver: string;
  readonly driverVersion: string;
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  readonly deadLettered: number;
  /** Microseconds in the driver, with the check of what it answered. */
  readonly decodeUs: HistogramReading;
}

/** Counts by device type and driver version. */
export class DriverNumbers {
  /** By device type, driver and version. */
  readonly #tallies = new Map<string, Map<string, Map<string, Tally>>>();
  readonly #other = new Tally();
  #size = 0;

  count(work: Work, verdict: Verdict): void {
    const { known, driver } = work;
    const deviceType = known === undefined ? '' : known.type.name;
    const id = driver === undefined ? '' : driver.id;
    const version = driver === undefined ? '' : driver.version;
    const tally = this.#tallies.get(deviceType)?.get(id)?.get(version) ?? this.#newTally(deviceType, id, version);
    tally.count(work, verdict);
  }

  /** Of all together. */
  get outcomes(): Partial<Record<Outcome, number>> {
    const sums: Partial<Record<Outcome, number>> = {};
    for (const { outcomes } of this.read()) {
      for (const [outcome, count] of Object.entries(outcomes) as [Outcome, number][])
        sums[outcome] = (sums[outcome] ?? 0) + count;
    }
    return sums;
  }

  read(): readonly DriverReading[] {
    const readings: DriverReading[] = [];
    for (const [deviceType, drivers] of this.#tallies) {
      for (const [driver, versions] of drivers) {
        for (const [driverVersion, tally] of versions) {
          readings.push({ deviceType, driver, driverVersion, ...tally.read() });
        }
      }
    }
    if (this.#size >= driverPairsMax) readings.push({ ...otherPair, ...this.#other.read() });
    return readings;
  }

  #newTally(deviceType: string, driver: string, version: string): Tally {
    if (this.#size >= driverPairsMax) return this.#other;
    this.#size++;
    const tally = new Tally();
    const drivers = this.#tallies.get(deviceType) ?? new Map<string, Map<string, Tally>>();
    const versions = drivers.get(driver) ?? new Map<string, Tally>();
    this.#tallies.set(deviceType, drivers.set(driver, versions.set(version, tally)));
    return tally;
  }
}

class Tally {
  readonly #outcomes = new Map<Outcome, number>();
  readonly #decodeUs = new Histogram();
  #deadLettered = 0;

  count(work: Work, verdict: Verdict): void {
    const outcome = outcomeOf(verdict);
    this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    if (work.decodeUs !== undefined) this.#decodeUs.record(work.decodeUs);
    if (isBuried(work, verdict)) this.#deadLettered++;
  }

  read(): Pick<DriverReading, 'outcomes' | 'deadLettered' | 'decodeUs'> {
    return {
      outcomes: Object.fromEntries(this.#outcomes),
      deadLettered: this.#deadLettered,
      decodeUs: this.#decodeUs.read(),
    };
  }
}
