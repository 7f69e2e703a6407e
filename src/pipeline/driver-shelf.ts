import type { Registry, StoredDriver } from '../devices/store.ts';
import type { Log } from '../std/log.ts';
import type { DriverHost } from './driver.ts';

/** The drivers that users brought: kept in the registry, run by the host. */
export class DriverShelf {
  readonly #registry: Registry;
  readonly #host: DriverHost;
  readonly #log: Log;

  constructor(registry: Registry, host: DriverHost, log: Log) {
    this.#registry = registry;
    this.#host = host;
    this.#log = log;
  }

  /** A stored driver that does not load any more is logged, and its devices have to do without. */
  async load(): Promise<void> {
    for (const driver of await this.#registry.drivers()) await this.#load(driver);
  }

  /**
   * Loads the driver first, so that one that does not load is not kept. Rejects with `invalid_argument` then, and with
   * `conflict` where its version exists and differs.
   */
  async put(driver: StoredDriver): Promise<void> {
    await this.#host.add(driver);
    await this.#registry.putDriver(driver);
  }

  /** Every driver that is loaded, built in or brought. */
  list(): ReturnType<DriverHost['drivers']> {
    return this.#host.drivers();
  }

  async #load(driver: StoredDriver): Promise<void> {
    try {
      await this.#host.add(driver);
    } catch (problem) {
      this.#log.error('A stored driver does not load', { id: driver.id, version: driver.version, problem });
    }
  }
}
