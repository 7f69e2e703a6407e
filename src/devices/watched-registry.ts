import type { DeviceType } from './device-type.ts';
import type { Device, FirmwareVersions, NewDevice, Registry, StoredDriver } from './store.ts';

/** A registry that tells which device changed in what it may do: when the change is durable, and before its promise resolves. */
export class WatchedRegistry implements Registry, FirmwareVersions {
  readonly #registry: Registry & FirmwareVersions;
  readonly #changed: (deviceId: string) => void;

  constructor(registry: Registry & FirmwareVersions, changed: (deviceId: string) => void) {
    this.#registry = registry;
    this.#changed = changed;
  }

  async putDevice(device: NewDevice): Promise<Device> {
    const stored = await this.#registry.putDevice(device);
    this.#changed(device.id);
    return stored;
  }

  async removeDevice(id: string): Promise<boolean> {
    const removed = await this.#registry.removeDevice(id);
    this.#changed(id);
    return removed;
  }

  async putCredential(deviceId: string, hash: string | null): Promise<void> {
    await this.#registry.putCredential(deviceId, hash);
    this.#changed(deviceId);
  }

  putFirmwareVersion(deviceId: string, firmwareVersion: string): Promise<boolean> {
    return this.#registry.putFirmwareVersion(deviceId, firmwareVersion);
  }

  device(id: string): Promise<Device | undefined> {
    return this.#registry.device(id);
  }

  devices(page: Parameters<Registry['devices']>[0]): Promise<readonly Device[]> {
    return this.#registry.devices(page);
  }

  credential(deviceId: string): Promise<string | undefined> {
    return this.#registry.credential(deviceId);
  }

  putDeviceType(type: DeviceType): Promise<DeviceType> {
    return this.#registry.putDeviceType(type);
  }

  removeDeviceType(name: string): Promise<boolean> {
    return this.#registry.removeDeviceType(name);
  }

  deviceTypes(): Promise<readonly DeviceType[]> {
    return this.#registry.deviceTypes();
  }

  putDriver(driver: StoredDriver): Promise<void> {
    return this.#registry.putDriver(driver);
  }

  drivers(): Promise<readonly StoredDriver[]> {
    return this.#registry.drivers();
  }
}
