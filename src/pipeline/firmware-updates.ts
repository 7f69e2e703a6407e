import type { Registry } from '../devices/store.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { PipelineLimits } from './limits.ts';
import type { KnownDevice, RegistryCache } from './registry-cache.ts';

/**
 * Duty: writes the firmware versions that messages report into the registry, one device at a time and only the newest of
 * each. The cache has it at once, so that the next message is decoded by it.
 */
export class FirmwareUpdates {
  readonly #registry: Registry;
  readonly #devices: RegistryCache;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: PipelineLimits;
  readonly #pending = new Map<string, { known: KnownDevice; receivedAt: number }>();
  /** How many writes hold each device. */
  readonly #locks = new Map<string, number>();
  #running: Promise<void> | undefined;

  constructor(registry: Registry, devices: RegistryCache, clock: Clock, log: Log, limits: PipelineLimits) {
    this.#registry = registry;
    this.#devices = devices;
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  /** A message says that its device has this firmware. One that waited long (a replay) does not speak of the present. */
  seen(known: KnownDevice, firmwareVersion: string, receivedAt: number): void {
    const { id } = known.device;
    const pending = this.#pending.get(id);
    if (this.#clock.now() - receivedAt > this.#limits.firmwareAgeMsMax || this.#locks.has(id)) return;
    if (pending !== undefined && pending.receivedAt > receivedAt) return;
    if (pending === undefined && this.#pending.size >= this.#limits.firmwareUpdatesMax) return;
    known.device = { ...known.device, firmwareVersion };
    this.#pending.set(id, { known, receivedAt });
    this.#running ??= this.#run();
  }

  /** Runs `write` while no firmware of this device is written, so that neither overwrites the other with what it read before. */
  async exclusive<T>(id: string, write: () => Promise<T>): Promise<T> {
    this.#pending.delete(id);
    this.#locks.set(id, (this.#locks.get(id) ?? 0) + 1);
    try {
      await this.idle();
      return await write();
    } finally {
      this.#unlock(id);
    }
  }

  /** Resolves when everything that was seen is written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #unlock(id: string): void {
    const locks = this.#locks.get(id) ?? 0;
    if (locks > 1) this.#locks.set(id, locks - 1);
    else this.#locks.delete(id);
  }

  async #run(): Promise<void> {
    for (const [id, { known }] of this.#pending) {
      this.#pending.delete(id);
      try {
        await this.#registry.putDevice(known.device);
      } catch (problem) {
        this.#log.warn('Cannot write the firmware version of a device; its next message tries again', { id, problem });
        this.#devices.forget(id);
      }
    }
    this.#running = undefined;
  }
}
