import { isDeepStrictEqual } from 'node:util';
import type { DeviceType } from '../devices/device-type.ts';
import type { Device, Registry } from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import { DeviceRefresh, type DeviceRefreshParts } from './device-refresh.ts';
import { LimitMeter } from './limit-meter.ts';
import type { PipelineLimits } from './limits.ts';
import { Ways } from './ways.ts';

/** A device as the pipeline knows it. One object per device while it is cached, changed in place. */
export interface KnownDevice {
  device: Device;
  readonly type: DeviceType;
  readonly ways: Ways;
  /** What the device may still send; undefined where that is not limited. */
  readonly meter: LimitMeter | undefined;
}

/**
 * Devices and their types in memory, so that a message costs no query. Holds at most `devicesCachedMax` devices; what is written
 * through the pipeline is known at once. One that is older than `deviceAgeMsMax` is looked up again, and nobody waits for that. That a
 * device does not exist is remembered for a shorter time, and not beyond it.
 */
export class RegistryCache {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #limits: PipelineLimits;
  readonly #types = new Map<string, Ways>();
  readonly #entries = new Map<string, Entry>();
  readonly #lookups = new Map<string, Lookup>();
  readonly #refresh: DeviceRefresh;

  constructor(
    registry: Registry,
    clock: Clock,
    limits: PipelineLimits,
    parts: Pick<DeviceRefreshParts, 'acceptance' | 'log' | 'defer'>,
  ) {
    this.#registry = registry;
    this.#clock = clock;
    this.#limits = limits;
    this.#refresh = new DeviceRefresh((id) => this.lookup(id), { ...parts, clock, limits });
  }

  /** Looks nothing up again from now on. */
  stop(): void {
    this.#refresh.stop();
  }

  get size(): number {
    return this.#entries.size;
  }

  async loadTypes(): Promise<void> {
    for (const type of await this.#registry.deviceTypes()) {
      // One that is as it was keeps what its devices have sent already.
      if (!isDeepStrictEqual(this.#types.get(type.name)?.type, type)) this.putType(type);
    }
  }

  /** The device, null where there is none, undefined where it has to be looked up. */
  peek(id: string): KnownDevice | null | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    const now = this.#clock.now();
    if (entry.staleAt > now) return entry.known;
    if (entry.known === null) return undefined;
    // Asked for once: where the look-up fails, the next one is due as late.
    entry.staleAt = now + this.#limits.deviceAgeMsMax;
    this.#refresh.add(id);
    return entry.known;
  }

  /** Looks the device up. Those who ask for the same one at the same time share one query. */
  lookup(id: string): Promise<KnownDevice | null> {
    const running = this.#lookups.get(id);
    if (running !== undefined) return running.answer;
    const lookup: Lookup = { answer: Promise.resolve(null) };
    this.#lookups.set(id, lookup);
    lookup.answer = this.#lookup(id, lookup).finally(() => {
      if (this.#lookups.get(id) === lookup) this.#lookups.delete(id);
    });
    return lookup.answer;
  }

  put(device: Device): void {
    this.#lookups.delete(device.id);
    const known = this.#known(device);
    if (known === undefined) this.#entries.delete(device.id);
    else this.#keep(device.id, known);
  }

  /** What is known of the device does not hold any more. */
  forget(id: string): void {
    this.#lookups.delete(id);
    this.#entries.delete(id);
  }

  typeNames(): Iterable<string> {
    return this.#types.keys();
  }

  type(name: string): DeviceType | undefined {
    return this.#types.get(name)?.type;
  }

  waysOf(typeName: string): Ways | undefined {
    return this.#types.get(typeName);
  }

  /** It is gone, and has no devices. */
  forgetType(name: string): void {
    this.#types.delete(name);
  }

  putType(type: DeviceType): void {
    this.#types.set(type.name, new Ways(type, this.#clock.now()));
    for (const [id, { known, staleAt }] of this.#entries) {
      if (known?.device.type !== type.name) continue;
      this.#entries.set(id, { known: this.#known(known.device) as KnownDevice, staleAt });
    }
  }

  async #lookup(id: string, lookup: Lookup): Promise<KnownDevice | null> {
    const device = await this.#registry.device(id);
    if (device !== undefined && !this.#types.has(device.type)) await this.loadTypes();
    // The device was put or forgotten while the query ran: its answer may be older than that.
    if (this.#lookups.get(id) !== lookup) return this.peek(id) ?? this.lookup(id);
    const known = device === undefined ? null : this.#known(device);
    if (known === undefined) throw typeMissing(id, device?.type);
    this.#keep(id, known);
    return known;
  }

  #known(device: Device): KnownDevice | undefined {
    const ways = this.#types.get(device.type);
    if (ways === undefined) return undefined;
    const before = this.#entries.get(device.id)?.known;
    // Being looked up again gives a device no second allowance.
    const meter = before?.ways === ways ? before.meter : LimitMeter.of(ways.type.rates.device, this.#clock.now());
    return { device, type: ways.type, ways, meter };
  }

  #keep(id: string, known: KnownDevice | null): void {
    const ageMs = known === null ? this.#limits.unknownDeviceAgeMsMax : this.#limits.deviceAgeMsMax;
    this.#entries.delete(id);
    this.#entries.set(id, { known, staleAt: this.#clock.now() + ageMs });
    if (this.#entries.size <= this.#limits.devicesCachedMax) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest);
  }
}

interface Lookup {
  answer: Promise<KnownDevice | null>;
}

interface Entry {
  readonly known: KnownDevice | null;
  staleAt: number;
}

function typeMissing(id: string, type: string | undefined): SluiceError {
  return new SluiceError('unavailable', `Cannot use device "${id}": its type "${type}" is not known yet`);
}
