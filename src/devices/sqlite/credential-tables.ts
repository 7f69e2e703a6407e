import { SluiceError } from '../../errors.ts';
import type { CredentialKind, DeviceAccount, DeviceCredential, NewCredential, OthersOfKind } from '../credentials.ts';
import { transaction } from './database.ts';
import type { DeviceTables } from './device-tables.ts';
import type { Statements } from './statements.ts';

/** Credentials of one device. A login may try all of them, so it bounds what a wrong one costs. */
export const credentialsPerDeviceMax = 8;

interface CredentialRow {
  readonly id: string;
  readonly device_id: string;
  readonly kind: string;
  readonly verifier: string;
  readonly name: string | null;
  readonly expires_at: number | null;
  readonly created_at: number;
}

/** Credentials of devices as rows. */
export class CredentialTables {
  readonly #sql: Statements;
  readonly #devices: DeviceTables;

  constructor(sql: Statements, devices: DeviceTables) {
    this.#sql = sql;
    this.#devices = devices;
  }

  put(credential: NewCredential, others: OthersOfKind, now: number): DeviceCredential {
    return transaction(this.#sql.database, () => {
      const { deviceId, kind } = credential;
      if (this.#devices.device(deviceId) === undefined) throw deviceUnknown(deviceId);
      if (others !== 'keep') this.#end(deviceId, kind, others.endAt);
      return this.write(credential, now);
    });
  }

  /** In the transaction of the caller, for a device that is there. */
  write(credential: NewCredential, now: number): DeviceCredential {
    const { id, deviceId, kind, verifier, name, expiresAt } = credential;
    // What expired makes room; a certificate at that makes it only to another, which closes the door in its place.
    this.#sql.run(
      `DELETE FROM device_credentials WHERE device_id = ? AND expires_at <= ? AND (kind <> 'certificate' OR ? = 'certificate')`,
      deviceId,
      now,
      kind,
    );
    this.checkRoom(deviceId, now);
    const isUnique = kind === 'token' || kind === 'certificate';
    if (isUnique && this.holderOf(verifier) !== undefined) throw taken(deviceId, kind);
    this.#sql.run(
      `INSERT INTO device_credentials (id, device_id, kind, verifier, name, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      id,
      deviceId,
      kind,
      verifier,
      name ?? null,
      expiresAt ?? null,
      now,
    );
    return { ...credential, createdAt: now };
  }

  writeToken(deviceId: string, verifier: string, now: number): void {
    // Its digest names it: two rows of a file cannot make two of one token.
    const id = `t-${verifier.slice(0, 24)}`;
    this.write({ id, deviceId, kind: 'token', verifier, name: 'import', expiresAt: undefined }, now);
  }

  /** Throws `quota_exceeded` where the device has as many as it may. */
  checkRoom(deviceId: string, now: number): void {
    const live = this.list(deviceId).filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
    if (live.length < credentialsPerDeviceMax) return;
    throw new SluiceError(
      'quota_exceeded',
      `Take a credential of device "${deviceId}" away first: it has ${credentialsPerDeviceMax} already`,
      { detail: { limit: 'credentialsPerDeviceMax' } },
    );
  }

  list(deviceId: string): DeviceCredential[] {
    const sql = 'SELECT * FROM device_credentials WHERE device_id = ? ORDER BY created_at, id';
    return this.#sql.all<CredentialRow>(sql, deviceId).map(toCredential);
  }

  /** The token or the certificate, whosever it is. */
  holderOf(verifier: string): DeviceCredential | undefined {
    const row = this.#sql.get<CredentialRow>(
      `SELECT * FROM device_credentials WHERE verifier = ? AND kind IN ('token', 'certificate')`,
      verifier,
    );
    return row === undefined ? undefined : toCredential(row);
  }

  remove(deviceId: string, id: string | undefined, now: number): boolean {
    return transaction(this.#sql.database, () => {
      if (this.#devices.device(deviceId) === undefined) throw deviceUnknown(deviceId);
      const which = 'device_id = ? AND (id = ? OR ? IS NULL)';
      const of = [deviceId, id ?? null, id ?? null] as const;
      const ended = this.#sql.run(
        `UPDATE device_credentials SET expires_at = ? WHERE ${which} AND kind = 'certificate' AND coalesce(expires_at, ?) >= ?`,
        now,
        ...of,
        now,
        now,
      );
      return (
        this.#sql.run(`DELETE FROM device_credentials WHERE ${which} AND kind <> 'certificate'`, ...of) + ended > 0
      );
    });
  }

  account(deviceId: string): DeviceAccount | undefined {
    const device = this.#devices.device(deviceId);
    if (device === undefined) return undefined;
    return { device, credentials: this.list(deviceId), children: this.#devices.children(deviceId) };
  }

  accountOf(kind: 'token' | 'certificate', verifier: string): DeviceAccount | undefined {
    const sql = `SELECT * FROM device_credentials WHERE verifier = ? AND kind IN ('token', 'certificate') AND kind = ?`;
    const row = this.#sql.get<CredentialRow>(sql, verifier, kind);
    return row === undefined ? undefined : this.account(row.device_id);
  }

  #end(deviceId: string, kind: CredentialKind, endAt: number): void {
    this.#sql.run(
      'UPDATE device_credentials SET expires_at = ? WHERE device_id = ? AND kind = ? AND coalesce(expires_at, ?) >= ?',
      endAt,
      deviceId,
      kind,
      endAt,
      endAt,
    );
  }
}

function toCredential(row: CredentialRow): DeviceCredential {
  return {
    id: row.id,
    deviceId: row.device_id,
    kind: row.kind as CredentialKind,
    verifier: row.verifier,
    name: row.name ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    createdAt: row.created_at,
  };
}

function deviceUnknown(deviceId: string): SluiceError {
  return new SluiceError('device_unknown', `Cannot change credentials: there is no device "${deviceId}"`);
}

function taken(deviceId: string, kind: CredentialKind): SluiceError {
  return new SluiceError('conflict', `Choose another ${kind} for device "${deviceId}": this one is in use`);
}
