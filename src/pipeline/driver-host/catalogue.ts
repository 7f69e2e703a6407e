import semver from 'semver';
import { SluiceError } from '../../errors.ts';
import type { Driver, DriverRef } from '../driver.ts';
import { type Rule, rangeProblem, readFirmware, ruleFor } from './resolve.ts';

/** A driver that can be used, with the number by which threads and processes know it. */
export interface LoadedDriver extends Rule {
  readonly number: number;
  /** Absent for a driver that is built in. */
  readonly script: string | undefined;
}

export interface ScriptDriver {
  readonly id: string;
  readonly version: string;
  readonly deviceType: string;
  readonly firmware: string;
  readonly script: string;
}

/** Answers that are kept. Types and firmware versions come from devices, so there may be any number. */
const resolvedMax = 10_000;

/** Every driver, and which one is meant for a device. */
export class Catalogue {
  readonly #drivers: LoadedDriver[] = [];
  readonly #byName = new Map<string, LoadedDriver>();
  readonly #byType = new Map<string, LoadedDriver[]>();
  readonly #resolved = new Map<string, LoadedDriver | undefined>();

  get all(): readonly LoadedDriver[] {
    return this.#drivers;
  }

  addBuiltIn(drivers: readonly Driver[], firstNumber: number): void {
    for (const [index, { id, version, match }] of drivers.entries()) {
      this.add({ id, version, ...match, number: firstNumber + index, script: undefined });
    }
  }

  add(driver: LoadedDriver): void {
    this.#drivers.push(driver);
    this.#byName.set(nameOf(driver), driver);
    const sameType = this.#byType.get(driver.deviceType);
    if (sameType === undefined) this.#byType.set(driver.deviceType, [driver]);
    else sameType.push(driver);
    this.#resolved.clear();
  }

  /** Messages that have the driver already are still decoded by it. */
  remove(driver: LoadedDriver): void {
    removeFrom(this.#drivers, driver);
    removeFrom(this.#byType.get(driver.deviceType) ?? [], driver);
    if (this.#byType.get(driver.deviceType)?.length === 0) this.#byType.delete(driver.deviceType);
    this.#byName.delete(nameOf(driver));
    this.#resolved.clear();
  }

  find(ref: DriverRef): LoadedDriver | undefined {
    return this.#byName.get(nameOf(ref));
  }

  /** A device type that has drivers of its own never falls back to one for `*`: its payloads are known, and not those. */
  resolve(deviceType: string, firmwareVersion: string | undefined): LoadedDriver | undefined {
    const key = `${deviceType}\n${firmwareVersion ?? ''}`;
    const known = this.#resolved.get(key);
    if (known !== undefined || this.#resolved.has(key)) return known;
    const rules = this.#byType.get(deviceType) ?? this.#byType.get(anyType) ?? [];
    const driver = ruleFor(rules, readFirmware(firmwareVersion));
    if (this.#resolved.size >= resolvedMax) this.#resolved.clear();
    this.#resolved.set(key, driver);
    return driver;
  }
}

export const anyType = '*';

/** Throws `invalid_argument` where a script driver could never be chosen. */
export function checkScriptDriver({ id, version, deviceType, firmware }: ScriptDriver): void {
  const problem =
    nameProblem('driver id', id) ??
    (deviceType === anyType ? undefined : nameProblem('device type', deviceType)) ??
    (semver.valid(version) === version
      ? undefined
      : `Cannot use driver version "${version}": expected semver such as "1.0.0"`) ??
    rangeProblem(firmware);
  if (problem !== undefined) throw new SluiceError('invalid_argument', problem);
}

export function nameOf({ id, version }: DriverRef): string {
  return `${id}@${version}`;
}

function removeFrom(drivers: LoadedDriver[], driver: LoadedDriver): void {
  const place = drivers.indexOf(driver);
  if (place >= 0) drivers.splice(place, 1);
}

function nameProblem(what: string, name: string): string | undefined {
  if (/^[A-Za-z0-9._:-]{1,128}$/.test(name)) return undefined;
  return `Cannot use ${what} "${name}": it takes 1 to 128 letters, digits, '.', '_', ':' and '-'`;
}
