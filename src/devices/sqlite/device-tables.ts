import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../errors.ts';
import type { ChildDevice } from '../../message.ts';
import type { Device, DeviceFilter, DevicePatch, DeviceQuery, NewDevice } from '../device.ts';
import { transaction } from './database.ts';
import type { HistoryIds } from './history-ids.ts';
import { type DeviceRow, toDevice } from './registry-rows.ts';
import type { SqlValue, Statements } from './statements.ts';

/** Devices that one gateway may act for: a connection of it keeps all their ids. */
export const childrenMax = 10_000;
export const attributesMax = 256;

/** Devices as rows. */
export class DeviceTables {
  readonly #sql: Statements;
  readonly #ids: HistoryIds;

  constructor(sql: Statements, ids: HistoryIds) {
    this.#sql = sql;
    this.#ids = ids;
  }

  put(device: NewDevice, now: number): Device {
    return transaction(this.#sql.database, () => this.write(device, now));
  }

  add(device: NewDevice, now: number): Device {
    return transaction(this.#sql.database, () => this.device(device.id) ?? this.write(device, now));
  }

  patch(id: string, patch: DevicePatch, now: number): Device {
    return transaction(this.#sql.database, () => {
      const device = this.device(id);
      if (device === undefined)
        throw new SluiceError('device_unknown', `Cannot change device "${id}": it is not known`);
      const changed = patched(device, patch);
      return isDeepStrictEqual(changed, device) ? device : this.write(changed, now);
    });
  }

  /** In the transaction of the caller. Throws what refuses the device, and has then changed nothing. */
  write(device: NewDevice, now: number): Device {
    this.#check(device);
    const row = this.#sql.get<DeviceRow>(
      `INSERT INTO devices (id, type, firmware_version, attributes, retired, created_at, gateway, retired_at, since_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET type = excluded.type, firmware_version = excluded.firmware_version,
         attributes = excluded.attributes, retired = excluded.retired, gateway = excluded.gateway,
         retired_at = iif(excluded.retired, coalesce(devices.retired_at, excluded.retired_at), NULL)
       RETURNING *`,
      device.id,
      device.type,
      device.firmwareVersion ?? null,
      JSON.stringify(device.attributes),
      device.retired ? 1 : 0,
      now,
      device.gateway ?? null,
      device.retired ? now : null,
      this.#ids.next,
    );
    return toDevice(row as DeviceRow);
  }

  /** Never makes a device: the message that told the version may be older than the removal. */
  putFirmwareVersion(deviceId: string, firmwareVersion: string): boolean {
    return this.#sql.run('UPDATE devices SET firmware_version = ? WHERE id = ?', firmwareVersion, deviceId) === 1;
  }

  device(id: string): Device | undefined {
    const row = this.#sql.get<DeviceRow>('SELECT * FROM devices WHERE id = ?', id);
    return row === undefined ? undefined : toDevice(row);
  }

  devices({ after = '', limit, charactersMax = Number.POSITIVE_INFINITY, ...filter }: DeviceQuery): Device[] {
    const { conditions, values } = conditionsOf(filter);
    const sql = `SELECT * FROM devices WHERE ${['id > ?', ...conditions].join(' AND ')} ORDER BY id LIMIT ?`;
    const devices: Device[] = [];
    let characters = 0;
    for (const row of this.#sql.iterate<DeviceRow>(sql, after, ...values, limit)) {
      characters += row.attributes.length;
      if (devices.length > 0 && characters > charactersMax) break;
      devices.push(toDevice(row));
    }
    return devices;
  }

  count(filter: DeviceFilter): number {
    const { conditions, values } = conditionsOf(filter);
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.#sql.get<{ n: number }>(`SELECT count(*) AS n FROM devices ${where}`, ...values)?.n ?? 0;
  }

  /** Devices that a gateway may speak for. */
  children(gateway: string): ChildDevice[] {
    return this.#sql.all('SELECT id, type AS deviceType FROM devices WHERE gateway = ? AND retired = 0', gateway);
  }

  #check({ id, type, gateway, attributes }: NewDevice): void {
    const refuse = (code: 'not_found' | 'invalid_argument' | 'quota_exceeded', why: string): never => {
      throw new SluiceError(code, `Cannot register device "${id}": ${why}`);
    };
    if (this.#sql.get('SELECT 1 FROM device_types WHERE name = ?', type) === undefined)
      refuse('not_found', `there is no device type "${type}"`);
    if (Object.keys(attributes).length > attributesMax)
      refuse('invalid_argument', `it would have more than ${attributesMax} attributes`);
    if (gateway === undefined) return;
    if (gateway === id) refuse('invalid_argument', 'a device is not its own gateway');
    if (this.device(gateway) === undefined) refuse('not_found', `there is no gateway "${gateway}"`);
    if (this.#sql.get('SELECT 1 FROM devices WHERE id = ? AND gateway = ?', id, gateway) !== undefined) return;
    if (this.count({ gateway }) >= childrenMax)
      refuse('quota_exceeded', `gateway "${gateway}" has ${childrenMax} devices already`);
  }
}

function conditionsOf(filter: DeviceFilter): { conditions: string[]; values: SqlValue[] } {
  const { type, gateway, retired, online, firmwareVersion, attribute } = filter;
  const given: [string, readonly SqlValue[] | undefined][] = [
    ['type = ?', type === undefined ? undefined : [type]],
    ['gateway = ?', gateway === undefined ? undefined : [gateway]],
    ['retired = ?', retired === undefined ? undefined : [retired ? 1 : 0]],
    [
      '? = EXISTS (SELECT 1 FROM presence WHERE device_id = devices.id AND online = 1)',
      online === undefined ? undefined : [online ? 1 : 0],
    ],
    ['firmware_version = ?', firmwareVersion === undefined ? undefined : [firmwareVersion]],
    [
      'EXISTS (SELECT 1 FROM json_each(attributes) WHERE key = ? AND value = ?)',
      attribute && [attribute.name, attribute.value],
    ],
  ];
  const used = given.filter(([, values]) => values !== undefined);
  return { conditions: used.map(([condition]) => condition), values: used.flatMap(([, values]) => values ?? []) };
}

function patched(device: Device, patch: DevicePatch): Device {
  const { type = device.type, retired = device.retired, firmwareVersion, gateway, attributes = {} } = patch;
  const merged = new Map(Object.entries(device.attributes));
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  const { gateway: before, ...others } = device;
  const gatewayNow = gateway === undefined ? before : (gateway ?? undefined);
  return {
    ...others,
    type,
    retired,
    attributes: Object.fromEntries(merged),
    firmwareVersion: firmwareVersion === undefined ? device.firmwareVersion : (firmwareVersion ?? undefined),
    ...(gatewayNow !== undefined && { gateway: gatewayNow }),
  };
}
