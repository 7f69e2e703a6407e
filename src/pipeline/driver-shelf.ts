import type { Rollout, Rollouts } from '../devices/rollout.ts';
import type { Registry, StoredDriver } from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import type { Log } from '../std/log.ts';
import type { ExampleResult } from './codec-examples/example-judge.ts';
import { type ExpectedExamples, failingExamples } from './codec-examples/failing-examples.ts';
import type { DriverHost, DriverRef, ListedDriver, Serving, SetAsideByWorker } from './driver.ts';
import { driverWarnings } from './driver-warnings.ts';
import type { DriverTrial, DriverTrials } from './lifecycle/driver-trials.ts';
import { requireDriver } from './require-driver.ts';

/** A driver, and what it decodes beside the others. */
export interface ShelvedDriver extends ListedDriver {
  readonly serves: Serving;
  /** As `setAsideFor`, of worker processes. Either names the types whose messages it would have, and no others. */
  readonly setAsideByWorkers: readonly SetAsideByWorker[];
}

/** One driver with everything that is known of it. */
export interface ShownDriver extends ShelvedDriver {
  /** What somebody who looks at it would not expect: a sentence each. */
  readonly warnings: readonly string[];
  /** Absent for one that is built in. */
  readonly script: string | undefined;
  readonly trial: DriverTrial;
}

/** How one driver version on trial does. */
export interface TrialReading extends DriverTrial {
  readonly driver: DriverRef;
}

/** A driver version that is given no messages of these device types for now, by the server or by a worker. */
export interface SetAside {
  readonly driver: DriverRef;
  readonly deviceTypes: readonly string[];
  /** The workers that did so. */
  readonly workers: readonly string[];
}

export interface DriverShelfParts {
  readonly registry: Registry;
  readonly rollouts: Rollouts;
  readonly host: DriverHost;
  readonly trials: DriverTrials;
  readonly workers: { setAside(driver: DriverRef): readonly SetAsideByWorker[] };
  readonly log: Log;
}

/** The drivers that users brought: kept in the registry, run by the host. */
export class DriverShelf {
  readonly #parts: DriverShelfParts;
  /** The last of the drivers that come in, one after the other. */
  #putting: Promise<unknown> = Promise.resolve();
  /** Of canaries that are being turned off: what is stored of them, and told, until that is. */
  readonly #turningOff = new Map<string, Rollout>();

  constructor(parts: DriverShelfParts) {
    this.#parts = parts;
  }

  /** A stored driver that does not load any more is logged, and its devices have to do without. */
  async load(): Promise<void> {
    for (const driver of await this.#parts.registry.drivers()) await this.#load(driver);
  }

  /**
   * Answers the examples that failed and were accepted. Rejects with `invalid_argument` where others do, or the driver does not
   * load, and with `conflict` where its version exists and differs; then nothing is kept. One that is there already keeps its rollout.
   */
  put(driver: StoredDriver, expected: ExpectedExamples): Promise<readonly ExampleResult[]> {
    const put = this.#putting.then(() => this.#put(driver, expected));
    // Whoever brought the one before hears of what was wrong with it.
    this.#putting = Promise.allSettled([put]);
    return put;
  }

  async #put(driver: StoredDriver, expected: ExpectedExamples): Promise<readonly ExampleResult[]> {
    const { host, registry } = this.#parts;
    // What another version stands for already is not tried: its examples would hide that.
    const isThere = host.isKnown(driver);
    const failing = await failingExamples(driver, expected);
    await host.add(driver);
    try {
      await registry.putDriver(driver);
    } catch (problem) {
      // It was refused, and must not decode until the next start finds it gone.
      if (!isThere) host.remove(driver);
      throw problem;
    }
    return failing;
  }

  /** Every driver that is loaded, those that were brought before those that are built in. */
  list(): readonly ShelvedDriver[] {
    const drivers = this.#parts.host.drivers();
    const inOrder = [...drivers.filter(({ builtIn }) => !builtIn), ...drivers.filter(({ builtIn }) => builtIn)];
    return inOrder.map((driver) => this.#shelved(driver));
  }

  /** Throws `not_found`. */
  show(ref: DriverRef): ShownDriver {
    const { host, trials } = this.#parts;
    const driver = this.#shelved(requireDriver(host, ref));
    const warnings = driverWarnings(driver, driver.serves);
    return { ...driver, warnings, script: host.scriptOf(ref)?.script, trial: trials.of(ref) };
  }

  /** As `DriverHost` says it. */
  eventSchemas(deviceType: string): ReturnType<DriverHost['eventSchemas']> {
    return this.#parts.host.eventSchemas(deviceType);
  }

  /** As many as there are drivers at most. */
  numbers(): { readonly trials: readonly TrialReading[]; readonly setAside: readonly SetAside[] } {
    const trials = this.#parts.host.drivers().flatMap(({ id, version }): TrialReading[] => {
      const driver = { id, version };
      const trial = this.#parts.trials.of(driver);
      return trial.canary === undefined && trial.shadow === undefined ? [] : [{ driver, ...trial }];
    });
    return { trials, setAside: this.setAside() };
  }

  /** Those that are given no messages of some device type now, and would have them. */
  setAside(): readonly SetAside[] {
    const setAside: SetAside[] = [];
    for (const driver of this.#parts.host.drivers()) {
      const { setAsideFor, setAsideByWorkers } = this.#places(driver);
      const deviceTypes = new Set([...setAsideFor, ...setAsideByWorkers.flatMap((each) => each.deviceTypes)]);
      const workers = setAsideByWorkers.map(({ worker }) => worker);
      const { id, version } = driver;
      if (deviceTypes.size > 0) setAside.push({ driver: { id, version }, deviceTypes: [...deviceTypes], workers });
    }
    return setAside;
  }

  /**
   * In effect for the next batch, and kept first. Rejects with `not_found`, and with `invalid_argument` for one that is built in.
   */
  async roll(ref: DriverRef, rollout: Rollout): Promise<void> {
    const { host, rollouts, trials } = this.#parts;
    if (this.show(ref).builtIn) {
      throw new SluiceError(
        'invalid_argument',
        `Bring a driver of your own: "${ref.id}" is built in and always active`,
      );
    }
    if (!(await rollouts.putRollout(ref.id, ref.version, rollout))) {
      throw new SluiceError('not_found', `Cannot roll out driver "${ref.id}" ${ref.version}: it is not stored`);
    }
    trials.forget(ref);
    host.choices.place(ref, rollout);
  }

  /** A canary did worse than the driver that it was to replace: it decodes nothing more, from the next batch on. Resolves when that is stored. */
  async turnOff(canary: DriverRef, reason: string): Promise<void> {
    const rollout: Rollout = { stage: 'off', share: 0, reason };
    const { host, rollouts, log } = this.#parts;
    const name = nameOf(canary);
    const stored = host.drivers().find((driver) => nameOf(driver) === name)?.rollout;
    if (stored !== undefined) this.#turningOff.set(name, stored);
    host.choices.place(canary, rollout);
    log.error('A canary is turned off', { driver: canary.id, version: canary.version, reason });
    try {
      await rollouts.putRollout(canary.id, canary.version, rollout);
    } catch (problem) {
      log.error('Cannot store that a canary is off; it begins again with the next start', {
        driver: canary.id,
        version: canary.version,
        problem,
      });
    } finally {
      this.#turningOff.delete(name);
    }
  }

  #shelved(driver: ListedDriver): ShelvedDriver {
    const serves = this.#parts.host.choices.serving(driver) as Serving;
    const rollout = this.#turningOff.get(nameOf(driver)) ?? driver.rollout;
    return { ...driver, rollout, serves, ...this.#places(driver) };
  }

  /** Where it is set aside. Strikes outlast the stage in which they were made: of what it does not decode any more nothing is said. */
  #places(driver: ListedDriver): Pick<ShelvedDriver, 'setAsideFor' | 'setAsideByWorkers'> {
    const { host, workers } = this.#parts;
    const decoded = (types: readonly string[]): readonly string[] =>
      types.filter((deviceType) => host.choices.decodes(driver, deviceType));
    return {
      setAsideFor: decoded(driver.setAsideFor),
      setAsideByWorkers: workers
        .setAside(driver)
        .map(({ worker, deviceTypes }) => ({ worker, deviceTypes: decoded(deviceTypes) }))
        .filter(({ deviceTypes }) => deviceTypes.length > 0),
    };
  }

  async #load(driver: StoredDriver): Promise<void> {
    const { host, log } = this.#parts;
    try {
      await host.add(driver);
    } catch (problem) {
      log.error('A stored driver does not load', { id: driver.id, version: driver.version, problem });
    }
  }
}

function nameOf({ id, version }: DriverRef): string {
  return `${id}@${version}`;
}
