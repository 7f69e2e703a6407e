import type { Device, DevicePatch, ImportedDevice, ImportOutcome, NewDevice } from '../../devices/device.ts';
import type { DeviceType } from '../../devices/device-type.ts';
import type { JsonObject } from '../../std/json.ts';

/** Changes to the registry, in effect for the next message when they resolve. */
export interface RegistryDoor {
  /** Answers it with the versions of its schemas. */
  putDeviceType(type: DeviceType): Promise<DeviceType>;
  /** Gives the event type another schema, or none, and leaves the rest of the type as it is. Rejects with `not_found`. */
  putSchema(deviceType: string, eventType: string, schema: JsonObject | undefined): Promise<DeviceType>;
  /** Answers whether there was one. Rejects with `conflict` while it has devices. */
  removeDeviceType(name: string): Promise<boolean>;
  /** Rejects with `conflict` where only a new device is wanted and this one is there. */
  putDevice(device: NewDevice, onlyNew?: boolean): Promise<Device>;
  patchDevice(id: string, patch: DevicePatch): Promise<Device>;
  putDevices(devices: readonly ImportedDevice[]): Promise<readonly ImportOutcome[]>;
  /** Answers whether there was one. */
  removeDevice(id: string): Promise<boolean>;
}
