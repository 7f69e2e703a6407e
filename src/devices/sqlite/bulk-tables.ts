import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../errors.ts';
import type { Device, ImportedDevice, ImportOutcome, NewDevice } from '../device.ts';
import type { CredentialTables } from './credential-tables.ts';
import { transaction } from './database.ts';
import type { DeviceTables } from './device-tables.ts';
import type { Statements } from './statements.ts';

/** Many devices in one transaction. */
export class BulkTables {
  readonly #sql: Statements;
  readonly #devices: DeviceTables;
  readonly #credentials: CredentialTables;

  constructor(sql: Statements, devices: DeviceTables, credentials: CredentialTables) {
    this.#sql = sql;
    this.#devices = devices;
    this.#credentials = credentials;
  }

  put(rows: readonly ImportedDevice[], now: number): ImportOutcome[] {
    return transaction(this.#sql.database, () => rows.map((row) => this.#row(row, now)));
  }

  #row({ device, tokenDigest }: ImportedDevice, now: number): ImportOutcome {
    const before = this.#devices.device(device.id);
    const holder = tokenDigest === undefined ? undefined : this.#credentials.holderOf(tokenDigest);
    if (holder !== undefined && holder.deviceId !== device.id)
      return refused('conflict', 'another device has this token');
    // One that has ended lets nobody in: the file says that it does.
    const hasToken = holder !== undefined && (holder.expiresAt ?? Number.POSITIVE_INFINITY) > now;
    const addsToken = tokenDigest !== undefined && !hasToken;
    try {
      if (addsToken) this.#credentials.checkRoom(device.id, now);
      const isSame = before !== undefined && isDeepStrictEqual(said(before), said(device));
      if (!isSame) this.#devices.write(device, now);
      if (addsToken) this.#credentials.writeToken(device.id, tokenDigest, now);
      if (before === undefined) return { outcome: 'made' };
      return isSame && !addsToken ? { outcome: 'same' } : { outcome: 'changed', gatewayBefore: before.gateway };
    } catch (problem) {
      // Each of these is thrown before the row changed anything; whatever else ends the transaction.
      if (problem instanceof SluiceError) return refused(problem.code, problem.message);
      throw problem;
    }
  }
}

/** What an import says of a device. */
function said({ type, firmwareVersion, attributes, retired, gateway }: NewDevice | Device): unknown {
  return { type, firmwareVersion, attributes, retired, gateway };
}

function refused(code: SluiceError['code'], reason: string): ImportOutcome {
  return { outcome: 'refused', code, reason };
}
