import type { FirmwareVersions } from '../devices/store.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { PipelineLimits } from './limits.ts';
import type { KnownDevice, RegistryCache } from './registry-cache.ts';

/**
 * Duty: writes the firmware versions that messages report into the registry, one device at a time, only the newest of each
 * and each device at most every `firmwareIntervalMsMin`. The cache has it at once, so that the next message is decoded by it.
 */
export class FirmwareUpdates {
  readonly #registry: FirmwareVersions;
  readonly #devices: RegistryCache;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: PipelineLimits;
  readonly #pending = new Map<string, Pending>();
  /** Those of the pending that may be written now. */
  readonly #due = new Set<string>();
  /** Devices that were written a short while ago. */
  readonly #resting = new Map<string, Timer>();
  /** How many writes hold each device. */
  readonly #locks = new Map<string, number>();
  #writing: { readonly id: string; readonly done: Promise<void> } | undefined;
  #running: Promise<void> | undefined;

  constructor(registry: FirmwareVersions, devices: RegistryCache, clock: Clock, log: Log, limits: PipelineLimits) {
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
    this.#devices.firmwareTold(known, firmwareVersion);
    this.#pending.set(id, { firmwareVersion, receivedAt });
    if (!this.#resting.has(id)) this.#makeDue(id);
  }

  /** Runs `write` while no firmware of this device is written, so that neither overwrites the other with what it read before. */
  async exclusive<T>(id: string, write: () => Promise<T>): Promise<T> {
    const pending = this.#pending.get(id);
    if (pending !== undefined) this.#devices.firmwareSettled(id, pending.firmwareVersion);
    this.#pending.delete(id);
    this.#due.delete(id);
    this.#locks.set(id, (this.#locks.get(id) ?? 0) + 1);
    try {
      if (this.#writing?.id === id) await this.#writing.done;
      return await write();
    } finally {
      this.#unlock(id);
    }
  }

  /** Writes everything that was seen, and lets no timer go on. */
  async flush(): Promise<void> {
    for (const id of this.#pending.keys()) this.#makeDue(id);
    await this.#running;
    for (const timer of this.#resting.values()) timer.cancel();
    this.#resting.clear();
  }

  #unlock(id: string): void {
    const locks = this.#locks.get(id) ?? 0;
    if (locks > 1) this.#locks.set(id, locks - 1);
    else this.#locks.delete(id);
  }

  #makeDue(id: string): void {
    this.#due.add(id);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // What becomes due meanwhile is visited too; nobody waits for the end of this but `flush`.
    for (const id of this.#due) {
      this.#due.delete(id);
      const pending = this.#pending.get(id);
      if (pending === undefined) continue;
      this.#pending.delete(id);
      const done = this.#write(id, pending);
      this.#writing = { id, done };
      await done;
      this.#writing = undefined;
    }
    this.#running = undefined;
  }

  async #write(id: string, { firmwareVersion }: Pending): Promise<void> {
    this.#rest(id);
    try {
      if (await this.#registry.putFirmwareVersion(id, firmwareVersion))
        this.#devices.firmwareSettled(id, firmwareVersion);
      else this.#devices.forget(id);
    } catch (problem) {
      this.#log.warn('Cannot write the firmware version of a device; its next message tries again', { id, problem });
      this.#devices.forget(id);
    }
  }

  #rest(id: string): void {
    this.#resting.get(id)?.cancel();
    this.#resting.delete(id);
    if (this.#resting.size >= this.#limits.firmwareUpdatesMax) return;
    const timer = this.#clock.after(this.#limits.firmwareIntervalMsMin, () => {
      this.#resting.delete(id);
      if (this.#pending.has(id)) this.#makeDue(id);
    });
    this.#resting.set(id, timer);
  }
}

interface Pending {
  readonly firmwareVersion: string;
  readonly receivedAt: number;
}
