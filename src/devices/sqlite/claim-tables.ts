import { SluiceError } from '../../errors.ts';
import { type Claim, type ClaimKey, claimedDevice, claimKeysMax, type NewClaimKey } from '../claim-keys.ts';
import type { Device } from '../store.ts';
import type { CredentialTables } from './credential-tables.ts';
import { transaction } from './database.ts';
import type { DeviceTables } from './device-tables.ts';
import type { Statements } from './statements.ts';

interface ClaimKeyRow {
  readonly id: string;
  readonly device_type: string;
  readonly id_prefix: string;
  readonly gateway: string | null;
  readonly attributes: string;
  readonly uses_left: number;
  readonly expires_at: number | null;
  readonly created_at: number;
}

/** Claim keys as rows. */
export class ClaimTables {
  readonly #sql: Statements;
  readonly #devices: DeviceTables;
  readonly #credentials: CredentialTables;

  constructor(sql: Statements, devices: DeviceTables, credentials: CredentialTables) {
    this.#sql = sql;
    this.#devices = devices;
    this.#credentials = credentials;
  }

  put(key: NewClaimKey, now: number): ClaimKey {
    return transaction(this.#sql.database, () => {
      this.#checkNew(key, now);
      this.#sql.run(
        `INSERT INTO claim_keys (id, digest, device_type, id_prefix, gateway, attributes, uses_left, expires_at, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        key.id,
        key.digest,
        key.deviceType,
        key.idPrefix,
        key.gateway ?? null,
        JSON.stringify(key.attributes),
        key.usesLeft,
        key.expiresAt ?? null,
        now,
      );
      const { digest: _, ...told } = key;
      return { ...told, createdAt: now };
    });
  }

  list(): ClaimKey[] {
    return this.#sql.all<ClaimKeyRow>('SELECT * FROM claim_keys ORDER BY created_at, id').map(toClaimKey);
  }

  remove(id: string): boolean {
    return this.#sql.run('DELETE FROM claim_keys WHERE id = ?', id) === 1;
  }

  /** Throws what refuses the claim because of its key or its id. */
  check({ digest, deviceId }: Pick<Claim, 'digest' | 'deviceId'>, now: number): void {
    const { usesLeft } = this.#usable(digest, deviceId, now);
    if (usesLeft <= 0 && this.#devices.device(deviceId) === undefined) throw wrongKey();
  }

  claim(claim: Claim, now: number): Device {
    return transaction(this.#sql.database, () => {
      const key = this.#usable(claim.digest, claim.deviceId, now);
      const there = this.#devices.device(claim.deviceId);
      if (there !== undefined) return this.#sameClaim(there, claim);
      if (key.usesLeft <= 0) throw wrongKey();
      const device = this.#devices.write(claimedDevice(key, claim), now);
      this.#credentials.write({ ...claim.credential, deviceId: device.id }, now);
      this.#sql.run('UPDATE claim_keys SET uses_left = uses_left - 1 WHERE id = ?', key.id);
      return device;
    });
  }

  #usable(digest: string, deviceId: string, now: number): ClaimKey {
    const row = this.#sql.get<ClaimKeyRow>('SELECT * FROM claim_keys WHERE digest = ?', digest);
    if (row === undefined || (row.expires_at ?? Number.POSITIVE_INFINITY) <= now) throw wrongKey();
    if (deviceId.startsWith(row.id_prefix)) return toClaimKey(row);
    throw new SluiceError(
      'not_authorized',
      `Claim a device id that begins with ${JSON.stringify(row.id_prefix)}: this key is not for ${JSON.stringify(deviceId)}`,
    );
  }

  /** A password cannot tell that it is the same: its hash has another salt each time. */
  #sameClaim(device: Device, { credential: { kind, verifier } }: Claim): Device {
    const has = this.#credentials.list(device.id).some((its) => its.kind === kind && its.verifier === verifier);
    if (has) return device;
    throw new SluiceError('conflict', `Claim another device id than ${JSON.stringify(device.id)}: it is registered`);
  }

  #checkNew({ deviceType, gateway }: NewClaimKey, now: number): void {
    if (this.#sql.get('SELECT 1 FROM device_types WHERE name = ?', deviceType) === undefined)
      throw new SluiceError('not_found', `Cannot make a claim key: there is no device type "${deviceType}"`);
    if (gateway !== undefined && this.#devices.device(gateway) === undefined)
      throw new SluiceError('not_found', `Cannot make a claim key: there is no gateway "${gateway}"`);
    if (this.#count() < claimKeysMax) return;
    // They are listed until others need their place: a key that has expired lets nobody in any more.
    this.#sql.run('DELETE FROM claim_keys WHERE expires_at <= ?', now);
    if (this.#count() < claimKeysMax) return;
    throw new SluiceError('quota_exceeded', `Remove a claim key first: there are ${claimKeysMax}`, {
      detail: { limit: 'claimKeysMax' },
    });
  }

  #count(): number {
    return this.#sql.get<{ keys: number }>('SELECT count(*) AS keys FROM claim_keys')?.keys ?? 0;
  }
}

function toClaimKey(row: ClaimKeyRow): ClaimKey {
  return {
    id: row.id,
    deviceType: row.device_type,
    idPrefix: row.id_prefix,
    gateway: row.gateway ?? undefined,
    attributes: JSON.parse(row.attributes),
    usesLeft: row.uses_left,
    expiresAt: row.expires_at ?? undefined,
    createdAt: row.created_at,
  };
}

/** One answer for every key that does not count, so that it does not tell which there are. */
function wrongKey(): SluiceError {
  return new SluiceError('unauthenticated', 'Check the claim key: the server does not know this one, or it is used up');
}
