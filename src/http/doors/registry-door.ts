import type { DeviceType } from '../../devices/device-type.ts';
import type { Device, NewDevice } from '../../devices/store.ts';

/** Changes to the registry, in effect for the next message when they resolve. */
export interface RegistryDoor {
  putDeviceType(type: DeviceType): Promise<void>;
  putDevice(device: NewDevice): Promise<Device>;
  /** Answers whether there was one. */
  removeDevice(id: string): Promise<boolean>;
}
