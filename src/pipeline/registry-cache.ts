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
 * through the pipeline is known at once. One that is older than `deviceAgeMsMax` is looked up again, and nobody waits for that, unless it is
 * older than `deviceStaleMsMax`. That a device does not exist is remembered for a shorter time, and not beyond it.
 */
export class RegistryCache {
  readonly #registry: Registry;
  readonly #clock: Clock;
  readonly #limits: PipelineLimits;
  readonly #types = new Map<string, Ways>();
  readonly #entries = new Map<string, Entry>();
  /** Those that are known, by the gateway that they are behind. */
  readonly #behind = new Map<string, Set<string>>();
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

  /** From now on what is old is looked up again, */
  start(): void {
    this.#refresh.start();
  }

  /** and from now on it is not. */
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
    if (entry.staleAt <= now) return undefined;
    if (entry.refreshAt <= now) {
      // Asked for once.
      entry.refreshAt = now + this.#limits.deviceAgeMsMax;
      this.#refresh.add(id);
    }
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
    if (known === undefined) this.#drop(device.id);
    else this.#keep(device.id, known, undefined);
  }

  /** What is known of the device does not hold any more. */
  forget(id: string): void {
    this.#lookups.delete(id);
    this.#drop(id);
  }

  /** The device was removed: those that were behind it are behind nobody. */
  removed(id: string): void {
    this.forget(id);
    for (const child of [...(this.#behind.get(id) ?? [])]) this.forget(child);
  }

  /** The device said that it has this firmware, which is about to be written. */
  firmwareTold(known: KnownDevice, firmwareVersion: string): void {
    const entry = this.#entries.get(known.device.id);
    if (entry !== undefined) entry.toldFirmware = firmwareVersion;
    // It may have been looked up again since its message came.
    for (const each of new Set([known, entry?.known ?? known])) each.device = { ...each.device, firmwareVersion };
  }

  /** That was written, or will not be. An answer that is on its way may be older. */
  firmwareSettled(id: string, firmwareVersion: string): void {
    this.#lookups.delete(id);
    const entry = this.#entries.get(id);
    if (entry?.toldFirmware === firmwareVersion) entry.toldFirmware = undefined;
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
    for (const entry of this.#entries.values()) {
      if (entry.known?.device.type === type.name) entry.known = this.#known(entry.known.device) as KnownDevice;
    }
  }

  async #lookup(id: string, lookup: Lookup): Promise<KnownDevice | null> {
    const device = await this.#registry.device(id);
    if (device !== undefined && !this.#types.has(device.type)) await this.loadTypes();
    // The device was put or forgotten while the query ran: its answer may be older than that.
    if (this.#lookups.get(id) !== lookup) return this.peek(id) ?? this.lookup(id);
    const toldFirmware = this.#entries.get(id)?.toldFirmware;
    const known = device === undefined ? null : this.#renewed(device, toldFirmware);
    if (known === undefined) throw typeMissing(id, device?.type);
    this.#keep(id, known, toldFirmware);
    return known;
  }

  /** The one object of the device as it is now. What it told of its firmware may not be written yet. */
  #renewed(stored: Device, toldFirmware: string | undefined): KnownDevice | undefined {
    const device = toldFirmware === undefined ? stored : { ...stored, firmwareVersion: toldFirmware };
    const known = this.#entries.get(device.id)?.known;
    if (!known || known.ways !== this.#types.get(device.type)) return this.#known(device);
    known.device = device;
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

  #keep(id: string, known: KnownDevice | null, toldFirmware: string | undefined): void {
    const { unknownDeviceAgeMsMax, deviceAgeMsMax, deviceStaleMsMax, devicesCachedMax } = this.#limits;
    const now = this.#clock.now();
    const [ageMs, staleMs] = known === null ? [Infinity, unknownDeviceAgeMsMax] : [deviceAgeMsMax, deviceStaleMsMax];
    const gateway = known?.device.gateway;
    this.#drop(id);
    this.#entries.set(id, { known, gateway, toldFirmware, refreshAt: now + ageMs, staleAt: now + staleMs });
    if (gateway !== undefined) this.#putBehind(gateway, id);
    if (this.#entries.size <= devicesCachedMax) return;
    const [oldest] = this.#entries.keys();
    this.#drop(oldest);
  }

  #putBehind(gateway: string, id: string): void {
    const children = this.#behind.get(gateway);
    if (children === undefined) this.#behind.set(gateway, new Set([id]));
    else children.add(id);
  }

  #drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#refresh.remove(id);
    if (entry.gateway === undefined) return;
    const children = this.#behind.get(entry.gateway);
    children?.delete(id);
    if (children?.size === 0) this.#behind.delete(entry.gateway);
  }
}

interface Lookup {
  answer: Promise<KnownDevice | null>;
}

interface Entry {
  known: KnownDevice | null;
  /** As it stands in `#behind`. */
  readonly gateway: string | undefined;
  /** What it said of its firmware and is not written yet. */
  toldFirmware: string | undefined;
  /** From when on it is looked up behind who asks, */
  refreshAt: number;
  /** and from when on before. */
  readonly staleAt: number;
}

function typeMissing(id: string, type: string | undefined): SluiceError {
  return new SluiceError('unavailable', `Cannot use device "${id}": its type "${type}" is not known yet`);
}
