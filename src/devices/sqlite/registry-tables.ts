import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { SluiceError } from '../../errors.ts';
import type { DeviceType } from '../device-type.ts';
import type { Device, NewDevice, StoredDriver } from '../store.ts';
import { transaction } from './database.ts';
import {
  type DeviceRow,
  type DeviceTypeRow,
  type DriverRow,
  settingsOf,
  toDevice,
  toDeviceType,
  toDriver,
} from './registry-rows.ts';

/** Device types, devices, credentials and drivers as rows. */
export class RegistryTables {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  putDeviceType(type: DeviceType): void {
    this.#statement(
      `INSERT INTO device_types (name, mode, schema_policy, schemas, f_port, future_time_ms_max, settings)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET mode = excluded.mode, schema_policy = excluded.schema_policy, schemas = excluded.schemas,
         f_port = excluded.f_port, future_time_ms_max = excluded.future_time_ms_max, settings = excluded.settings`,
    ).run(
      type.name,
      type.mode,
      type.schemaPolicy,
      JSON.stringify(type.schemas),
      type.fPort ?? null,
      type.futureTimeMsMax,
      settingsOf(type),
    );
  }

  deviceTypes(): DeviceType[] {
    return this.#all<DeviceTypeRow>('SELECT * FROM device_types ORDER BY name').map(toDeviceType);
  }

  putDevice(device: NewDevice, now: number): Device {
    return transaction(this.#database, () => {
      if (this.#get('SELECT 1 FROM device_types WHERE name = ?', device.type) === undefined) {
        throw new SluiceError(
          'not_found',
          `Cannot register device "${device.id}": there is no device type "${device.type}"`,
        );
      }
      const row = this.#get<DeviceRow>(
        `INSERT INTO devices (id, type, firmware_version, attributes, retired, created_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET type = excluded.type, firmware_version = excluded.firmware_version,
           attributes = excluded.attributes, retired = excluded.retired
         RETURNING *`,
        device.id,
        device.type,
        device.firmwareVersion ?? null,
        JSON.stringify(device.attributes),
        device.retired ? 1 : 0,
        now,
      );
      return toDevice(row as DeviceRow);
    });
  }

  /** Never makes a device: the message that told the version may be older than the removal. */
  putFirmwareVersion(deviceId: string, firmwareVersion: string): boolean {
    const update = this.#statement('UPDATE devices SET firmware_version = ? WHERE id = ?');
    return update.run(firmwareVersion, deviceId).changes === 1;
  }

  device(id: string): Device | undefined {
    const row = this.#get<DeviceRow>('SELECT * FROM devices WHERE id = ?', id);
    return row === undefined ? undefined : toDevice(row);
  }

  devices(page: { after?: string; limit: number; type?: string }): Device[] {
    const after = page.after ?? '';
    const rows =
      page.type === undefined
        ? this.#all<DeviceRow>('SELECT * FROM devices WHERE id > ? ORDER BY id LIMIT ?', after, page.limit)
        : this.#all<DeviceRow>(
            'SELECT * FROM devices WHERE type = ? AND id > ? ORDER BY id LIMIT ?',
            page.type,
            after,
            page.limit,
          );
    return rows.map(toDevice);
  }

  putCredential(deviceId: string, hash: string | null): void {
    transaction(this.#database, () => {
      if (this.device(deviceId) === undefined) {
        throw new SluiceError('device_unknown', `Cannot set a credential: there is no device "${deviceId}"`);
      }
      if (hash === null) this.#statement('DELETE FROM credentials WHERE device_id = ?').run(deviceId);
      else this.#statement('INSERT OR REPLACE INTO credentials (device_id, hash) VALUES (?, ?)').run(deviceId, hash);
    });
  }

  credential(deviceId: string): string | undefined {
    return this.#get<{ hash: string }>('SELECT hash FROM credentials WHERE device_id = ?', deviceId)?.hash;
  }

  putDriver(driver: StoredDriver): void {
    this.#statement(
      `INSERT OR REPLACE INTO drivers (id, version, device_type, firmware, script, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
    ).run(driver.id, driver.version, driver.deviceType, driver.firmware, driver.script, driver.createdAt);
  }

  drivers(): StoredDriver[] {
    return this.#all<DriverRow>('SELECT * FROM drivers ORDER BY id, created_at').map(toDriver);
  }

  #get<Row>(sql: string, ...values: (string | number | null)[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #all<Row>(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Prepared on first use; there are as many as there are texts in this file. */
  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
