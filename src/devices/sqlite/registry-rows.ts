import { type DeviceType, deviceTypeWithDefaults, type Mode, type SchemaPolicy } from '../device-type.ts';
import type { Device, StoredDriver } from '../store.ts';

export interface DeviceTypeRow {
  readonly name: string;
  readonly mode: string;
  readonly schema_policy: string;
  readonly schemas: string;
  readonly f_port: number | null;
  readonly future_time_ms_max: number;
  readonly settings: string;
}

export interface DeviceRow {
  readonly id: string;
  readonly type: string;
  readonly firmware_version: string | null;
  readonly attributes: string;
  readonly retired: number;
  readonly created_at: number;
  readonly gateway: string | null;
  readonly retired_at: number | null;
}

export interface DriverRow {
  readonly id: string;
  readonly version: string;
  readonly device_type: string;
  readonly firmware: string;
  readonly script: string;
  readonly created_at: number;
  readonly rollout: string | null;
}

export function toDeviceType(row: DeviceTypeRow): DeviceType {
  return deviceTypeWithDefaults({
    ...JSON.parse(row.settings),
    name: row.name,
    mode: row.mode as Mode,
    schemaPolicy: row.schema_policy as SchemaPolicy,
    schemas: JSON.parse(row.schemas),
    fPort: row.f_port ?? undefined,
    futureTimeMsMax: row.future_time_ms_max,
  });
}

/** What of a device type is kept as JSON, since no query looks for it: a setting more needs no column. */
export function settingsOf(type: DeviceType): string {
  const { name: _, mode: _mode, schemaPolicy: _policy, schemas: _schemas, fPort: _fPort, ...others } = type;
  const { futureTimeMsMax: _future, ...settings } = others;
  return JSON.stringify(settings);
}

export function toDevice(row: DeviceRow): Device {
  return {
    id: row.id,
    type: row.type,
    firmwareVersion: row.firmware_version ?? undefined,
    attributes: JSON.parse(row.attributes),
    retired: row.retired === 1,
    createdAt: row.created_at,
    ...(row.gateway !== null && { gateway: row.gateway }),
    ...(row.retired_at !== null && { retiredAt: row.retired_at }),
  };
}

export function toDriver(row: DriverRow): StoredDriver {
  return {
    id: row.id,
    version: row.version,
    deviceType: row.device_type,
    firmware: row.firmware,
    script: row.script,
    createdAt: row.created_at,
    ...(row.rollout === null ? {} : { rollout: JSON.parse(row.rollout) }),
  };
}
