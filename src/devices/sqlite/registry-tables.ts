import type { DeviceType } from '../device-type.ts';
import type { Rollout } from '../rollout.ts';
import type { StoredDriver } from '../store.ts';
import { type DeviceTypeRow, type DriverRow, settingsOf, toDeviceType, toDriver } from './registry-rows.ts';
import type { Statements } from './statements.ts';

/** Device types and drivers as rows. */
export class RegistryTables {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  putDeviceType(type: DeviceType): void {
    this.#sql.run(
      `INSERT INTO device_types (name, mode, schema_policy, schemas, f_port, future_time_ms_max, settings)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET mode = excluded.mode, schema_policy = excluded.schema_policy, schemas = excluded.schemas,
         f_port = excluded.f_port, future_time_ms_max = excluded.future_time_ms_max, settings = excluded.settings`,
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
    return this.#sql.all<DeviceTypeRow>('SELECT * FROM device_types ORDER BY name').map(toDeviceType);
  }

  putDriver(driver: StoredDriver): void {
    this.#sql.run(
      `INSERT INTO drivers (id, version, device_type, firmware, script, created_at, rollout) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET device_type = excluded.device_type, firmware = excluded.firmware, script = excluded.script,
         created_at = excluded.created_at`,
      driver.id,
      driver.version,
      driver.deviceType,
      driver.firmware,
      driver.script,
      driver.createdAt,
      driver.rollout === undefined ? null : JSON.stringify(driver.rollout),
    );
  }

  putRollout(driver: string, version: string, rollout: Rollout): boolean {
    const update = 'UPDATE drivers SET rollout = ? WHERE id = ? AND version = ?';
    return this.#sql.run(update, JSON.stringify(rollout), driver, version) === 1;
  }

  drivers(): StoredDriver[] {
    return this.#sql.all<DriverRow>('SELECT * FROM drivers ORDER BY id, created_at').map(toDriver);
  }
}
