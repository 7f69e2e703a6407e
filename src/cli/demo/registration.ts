import { type Api, path } from '../api.ts';
import { faultyLht65 } from './codecs.ts';
import type { FleetDevice, FleetType } from './fleet.ts';

export interface Credentials {
  readonly deviceId: string;
  readonly username: string;
  readonly password: string;
}

export const lht65Driver = 'dragino-lht65';

/** Makes the device types, brings in the one driver that the server lacks, and registers the devices. */
export async function register(
  api: Api,
  types: readonly FleetType[],
  devices: readonly FleetDevice[],
): Promise<ReadonlyMap<string, Credentials>> {
  for (const { name, mode, schemas } of types) await api.put(path`/v1/device-types/${name}`, { mode, schemas });
  await bringDriver(api, { id: lht65Driver, version: '1.0.0', deviceType: 'dragino-lht65', script: faultyLht65 });
  const credentials = new Map<string, Credentials>();
  for (const { id, type, firmware } of devices) {
    await api.put(path`/v1/devices/${id}`, { type, firmwareVersion: firmware });
    credentials.set(id, await api.post<Credentials>(path`/v1/devices/${id}/credentials`));
  }
  return credentials;
}

interface NewDriver {
  readonly id: string;
  readonly version: string;
  readonly deviceType: string;
  readonly script: string;
  readonly firmware?: string;
}

export async function bringDriver(api: Api, driver: NewDriver): Promise<void> {
  const { id, version, deviceType, script, firmware = '*' } = driver;
  await api.put(path`/v1/drivers/${id}/${version}`, { deviceType, firmware, script });
}
