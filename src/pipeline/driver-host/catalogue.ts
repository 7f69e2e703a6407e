import semver from 'semver';
import { activeRollout, type Rollout } from '../../devices/rollout.ts';
import { SluiceError } from '../../errors.ts';
import type { Driver, DriverChoices, DriverRef, Serving } from '../driver.ts';
import { type Choice, choiceOf, isInShare, type Rule, rangeProblem, readFirmware, readRange } from './resolve.ts';
import { servingsOf } from './serving.ts';

/** A driver that can be used, with the number by which threads and processes know it. */
export interface LoadedDriver extends Rule {
  readonly number: number;
  /** Absent for a driver that is built in. */
  readonly script: string | undefined;
  /** As in `ScriptDriver`. */
  readonly folder?: string;
}

export interface ScriptDriver {
  readonly id: string;
  readonly version: string;
  readonly deviceType: string;
  readonly firmware: string;
  readonly script: string;
  readonly rollout?: Rollout;
  /** Where it stands, for one that was not brought by a request. */
  readonly folder?: string;
}

/** Codec scripts that are loaded at a time. */
export const scriptsMax = 256;

/** Answers that are kept. Types and firmware versions come from devices, so there may be any number. */
const resolvedMax = 10_000;

/** Every driver, and which one is meant for a device. */
export class Catalogue implements DriverChoices {
  readonly #drivers: LoadedDriver[] = [];
  readonly #byName = new Map<string, LoadedDriver>();
  readonly #byType = new Map<string, LoadedDriver[]>();
  /** Of those that are not simply active. */
  readonly #rollouts = new Map<LoadedDriver, Rollout>();
  readonly #choices = new Map<string, Choice<LoadedDriver>>();
  /** By device type: as many as there are drivers at most. */
  readonly #servings = new Map<string, ReadonlyMap<LoadedDriver, Serving>>();
  isAny = false;

  get all(): readonly LoadedDriver[] {
    return this.#drivers;
  }

  addBuiltIn(drivers: readonly Driver[], firstNumber: number): void {
    for (const [index, { id, version, match }] of drivers.entries()) {
      this.add({ id, version, ...match, number: firstNumber + index, script: undefined });
    }
  }

  add(added: LoadedDriver, rollout: Rollout = activeRollout): void {
    const driver = { ...added, range: readRange(added.firmware) };
    this.#drivers.push(driver);
    this.#setRollout(driver, rollout);
    this.#byName.set(nameOf(driver), driver);
    const sameType = this.#byType.get(driver.deviceType);
    if (sameType === undefined) this.#byType.set(driver.deviceType, [driver]);
    else sameType.push(driver);
    this.#forgetChoices();
  }

  /** Messages that have the driver already are still decoded by it. */
  remove(driver: LoadedDriver): void {
    removeFrom(this.#drivers, driver);
    removeFrom(this.#byType.get(driver.deviceType) ?? [], driver);
    if (this.#byType.get(driver.deviceType)?.length === 0) this.#byType.delete(driver.deviceType);
    this.#byName.delete(nameOf(driver));
    this.#setRollout(driver, activeRollout);
    this.#forgetChoices();
  }

  find(ref: DriverRef): LoadedDriver | undefined {
    return this.#byName.get(nameOf(ref));
  }

  resolve(deviceType: string, firmwareVersion: string | undefined, deviceId: string): LoadedDriver | undefined {
    const { active, canaries } = this.choice(deviceType, firmwareVersion);
    if (canaries.length === 0) return active;
    return canaries.find((canary) => isInShare(deviceId, nameOf(canary), this.rolloutOf(canary).share)) ?? active;
  }

  choice(deviceType: string, firmwareVersion: string | undefined): Choice<LoadedDriver> {
    const key = `${deviceType}\n${firmwareVersion ?? ''}`;
    const known = this.#choices.get(key);
    if (known !== undefined) return known;
    const own = this.#byType.get(deviceType) ?? [];
    const others = this.#byType.get(anyType) ?? [];
    const choice = choiceOf(own, others, readFirmware(firmwareVersion), (driver) => this.rolloutOf(driver).stage);
    if (this.#choices.size >= resolvedMax) this.#choices.clear();
    this.#choices.set(key, choice);
    return choice;
  }

  serving(ref: DriverRef): Serving | undefined {
    const driver = this.find(ref);
    return driver === undefined ? undefined : this.#servingsFor(driver.deviceType).get(driver);
  }

  decodes(ref: DriverRef, deviceType: string): boolean {
    const driver = this.find(ref);
    if (driver === undefined || this.rolloutOf(driver).stage === 'shadow') return false;
    const serving = this.#servingsFor(deviceType).get(driver);
    return serving !== undefined && (serving.firmware.length > 0 || serving.unknownFirmware);
  }

  /** Of all that are for the type, or for every type. Types without a driver of their own share one. */
  #servingsFor(deviceType: string): ReadonlyMap<LoadedDriver, Serving> {
    const others = this.#byType.get(anyType) ?? [];
    const own = deviceType === anyType ? [] : (this.#byType.get(deviceType) ?? []);
    const key = own.length === 0 ? anyType : deviceType;
    let servings = this.#servings.get(key);
    if (servings === undefined) {
      servings = servingsOf(own, others, (each) => this.rolloutOf(each).stage);
      this.#servings.set(key, servings);
    }
    return servings;
  }

  rolloutOf(driver: LoadedDriver): Rollout {
    return this.#rollouts.get(driver) ?? activeRollout;
  }

  place(ref: DriverRef, rollout: Rollout): boolean {
    const driver = this.find(ref);
    if (driver === undefined) return false;
    this.#setRollout(driver, rollout);
    this.#forgetChoices();
    return true;
  }

  #forgetChoices(): void {
    this.#choices.clear();
    this.#servings.clear();
  }

  #setRollout(driver: LoadedDriver, rollout: Rollout): void {
    if (rollout.stage === 'active') this.#rollouts.delete(driver);
    else this.#rollouts.set(driver, rollout);
    this.isAny = [...this.#rollouts.values()].some(({ stage }) => stage !== 'off');
  }
}

export const anyType = '*';

/** Throws `invalid_argument` where a script driver could never be chosen. */
export function checkScriptDriver({ id, version, deviceType, firmware }: ScriptDriver): void {
  const problem =
    nameProblem('driver id', id) ??
    (deviceType === anyType ? undefined : nameProblem('device type', deviceType)) ??
    (isVersion(version) ? undefined : `Cannot use driver version "${version}": expected semver such as "1.0.0"`) ??
    rangeProblem(firmware);
  if (problem !== undefined) throw new SluiceError('invalid_argument', problem);
}

/** Semver as it is written out, with or without build metadata behind a `+`. */
function isVersion(version: string): boolean {
  return semver.valid(version) === version.split('+')[0] && semver.parse(version)?.raw === version;
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
