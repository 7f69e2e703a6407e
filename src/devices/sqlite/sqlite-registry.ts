import type { Clock } from '../../std/clock.ts';
import type {
  Device,
  DeviceFilter,
  DevicePatch,
  DeviceQuery,
  ImportedDevice,
  ImportOutcome,
  NewDevice,
} from '../device.ts';
import type { DeviceType } from '../device-type.ts';
import type { FirmwareVersions, Registry, StoredDriver } from '../store.ts';
import type { SqliteLimits } from './limits.ts';
import type { WorkerClient } from './worker-client.ts';

/** `Registry` by way of the workers. */
export class SqliteRegistry implements Registry, FirmwareVersions {
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;
  readonly #clock: Clock;
  readonly #limits: SqliteLimits;

  constructor(writer: WorkerClient, reader: WorkerClient, clock: Clock, limits: SqliteLimits) {
    this.#writer = writer;
    this.#reader = reader;
    this.#clock = clock;
    this.#limits = limits;
  }

  putDeviceType(type: DeviceType): Promise<DeviceType> {
    return this.#writer.request('putDeviceType', [type, this.#clock.now()]);
  }

  removeDeviceType(name: string): Promise<boolean> {
    return this.#writer.request('removeDeviceType', [name]);
  }

  deviceTypes(): Promise<readonly DeviceType[]> {
    return this.#reader.request('deviceTypes', []);
  }

  putDevice(device: NewDevice): Promise<Device> {
    return this.#writer.request('putDevice', [device, this.#clock.now()]);
  }

  addDevice(device: NewDevice): Promise<Device> {
    return this.#writer.request('addDevice', [device, this.#clock.now()]);
  }

  patchDevice(id: string, patch: DevicePatch): Promise<Device> {
    return this.#writer.request('patchDevice', [id, patch, this.#clock.now()]);
  }

  putDevices(devices: readonly ImportedDevice[]): Promise<readonly ImportOutcome[]> {
    return this.#writer.request('putDevices', [devices, this.#clock.now()]);
  }

  putFirmwareVersion(deviceId: string, firmwareVersion: string): Promise<boolean> {
    return this.#writer.request('putFirmwareVersion', [deviceId, firmwareVersion]);
  }

  device(id: string): Promise<Device | undefined> {
    return this.#reader.request('device', [id]);
  }

  devices(query: DeviceQuery): Promise<readonly Device[]> {
    return this.#reader.request('devices', [{ ...query, limit: Math.min(query.limit, this.#limits.pageRowsMax) }]);
  }

  countDevices(filter: DeviceFilter): Promise<number> {
    return this.#reader.request('countDevices', [filter]);
  }

  /** History goes in steps, the device last: after a crash in between it is still there, and can be removed again. */
  async removeDevice(id: string): Promise<boolean> {
    for (let more = true; more; ) {
      more = await this.#writer.request('forgetReadings', [id, this.#limits.sweepRowsMax]);
    }
    return this.#writer.request('removeDevice', [id]);
  }

  putDriver(driver: StoredDriver): Promise<void> {
    return this.#writer.request('putDriver', [driver]);
  }

  drivers(): Promise<readonly StoredDriver[]> {
    return this.#reader.request('drivers', []);
  }
}
