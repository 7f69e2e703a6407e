import type {
  CredentialStore,
  DeviceAccount,
  DeviceCredential,
  NewCredential,
  OthersOfKind,
} from '../../devices/credentials.ts';
import type { Device } from '../../devices/store.ts';
import { SluiceError } from '../../errors.ts';

/** Credentials in memory. */
export class MemoryCredentials implements CredentialStore {
  readonly #devices: ReadonlyMap<string, Device>;
  #rows: DeviceCredential[] = [];

  constructor(devices: ReadonlyMap<string, Device>) {
    this.#devices = devices;
  }

  async put(credential: NewCredential, others: OthersOfKind): Promise<DeviceCredential> {
    const stored = { ...credential, createdAt: 1_700_000_000_000 };
    const isOther = ({ deviceId, kind }: DeviceCredential): boolean =>
      deviceId === credential.deviceId && kind === credential.kind;
    if (others !== 'keep') this.#rows = this.#rows.filter((row) => !isOther(row));
    this.#rows.push(stored);
    return stored;
  }

  /** Gives the device a password. */
  async setPassword(deviceId: string, hash: string): Promise<void> {
    await this.put(
      { id: hash, deviceId, kind: 'password', verifier: hash, name: undefined, expiresAt: undefined },
      { endAt: 0 },
    );
  }

  async list(deviceId: string): Promise<readonly DeviceCredential[]> {
    return this.#rows.filter((row) => row.deviceId === deviceId);
  }

  async remove(deviceId: string, id?: string): Promise<boolean> {
    if (!this.#devices.has(deviceId)) throw new SluiceError('device_unknown', `There is no device "${deviceId}"`);
    const before = this.#rows.length;
    this.#rows = this.#rows.filter((row) => row.deviceId !== deviceId || (id !== undefined && row.id !== id));
    return this.#rows.length < before;
  }

  async account(deviceId: string): Promise<DeviceAccount | undefined> {
    const device = this.#devices.get(deviceId);
    const children = [...this.#devices.values()]
      .filter(({ gateway }) => gateway === deviceId)
      .map(({ id, type: deviceType }) => ({ id, deviceType }));
    return device && { device, credentials: await this.list(deviceId), children };
  }

  async accountOf(kind: 'token' | 'certificate', verifier: string): Promise<DeviceAccount | undefined> {
    const row = this.#rows.find((each) => each.kind === kind && each.verifier === verifier);
    return row && this.account(row.deviceId);
  }
}
