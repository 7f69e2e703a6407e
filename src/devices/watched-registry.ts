import type { Claim, ClaimKey, ClaimKeyStore, NewClaimKey } from './claim-keys.ts';
import type { CredentialStore, DeviceAccount, DeviceCredential, NewCredential, OthersOfKind } from './credentials.ts';
import type {
  Device,
  DeviceFilter,
  DevicePatch,
  DeviceQuery,
  ImportedDevice,
  ImportOutcome,
  NewDevice,
} from './device.ts';
import type { DeviceType } from './device-type.ts';
import type { FirmwareVersions, Registry, StoredDriver } from './store.ts';

/** Told which device changed in what it may do: when the change is durable, and before its promise resolves. */
export type DeviceChanged = (deviceId: string) => void;

/** A registry that tells of changes. A device that comes, goes or changes its gateway changes what both gateways may do. */
export class WatchedRegistry implements Registry, FirmwareVersions {
  readonly #registry: Registry & FirmwareVersions;
  readonly #changed: DeviceChanged;

  constructor(registry: Registry & FirmwareVersions, changed: DeviceChanged) {
    this.#registry = registry;
    this.#changed = changed;
  }

  async putDevice(device: NewDevice): Promise<Device> {
    const before = await this.#registry.device(device.id);
    const stored = await this.#registry.putDevice(device);
    this.#tell([before, stored]);
    return stored;
  }

  async addDevice(device: NewDevice): Promise<Device> {
    const stored = await this.#registry.addDevice(device);
    // Whether it was made here is not known; to be looked at once more costs a gateway nothing.
    this.#tell([stored]);
    return stored;
  }

  async patchDevice(id: string, patch: DevicePatch): Promise<Device> {
    const before = await this.#registry.device(id);
    const stored = await this.#registry.patchDevice(id, patch);
    this.#tell([before, stored]);
    return stored;
  }

  async putDevices(devices: readonly ImportedDevice[]): Promise<readonly ImportOutcome[]> {
    const outcomes = await this.#registry.putDevices(devices);
    const touched = devices.flatMap(({ device }, at) => {
      const outcome = outcomes[at];
      if (outcome.outcome === 'changed') return [device, { ...device, gateway: outcome.gatewayBefore }];
      return outcome.outcome === 'made' ? [device] : [];
    });
    this.#tell(touched);
    return outcomes;
  }

  async removeDevice(id: string): Promise<boolean> {
    const before = await this.#registry.device(id);
    const removed = await this.#registry.removeDevice(id);
    this.#changed(id);
    this.#tell([before]);
    return removed;
  }

  putFirmwareVersion(deviceId: string, firmwareVersion: string): Promise<boolean> {
    return this.#registry.putFirmwareVersion(deviceId, firmwareVersion);
  }

  device(id: string): Promise<Device | undefined> {
    return this.#registry.device(id);
  }

  devices(query: DeviceQuery): Promise<readonly Device[]> {
    return this.#registry.devices(query);
  }

  countDevices(filter: DeviceFilter): Promise<number> {
    return this.#registry.countDevices(filter);
  }

  putDeviceType(type: DeviceType): Promise<DeviceType> {
    return this.#registry.putDeviceType(type);
  }

  removeDeviceType(name: string): Promise<boolean> {
    return this.#registry.removeDeviceType(name);
  }

  deviceTypes(): Promise<readonly DeviceType[]> {
    return this.#registry.deviceTypes();
  }

  putDriver(driver: StoredDriver): Promise<void> {
    return this.#registry.putDriver(driver);
  }

  drivers(): Promise<readonly StoredDriver[]> {
    return this.#registry.drivers();
  }

  #tell(devices: readonly (NewDevice | undefined)[]): void {
    const touched = devices.flatMap((device) => (device === undefined ? [] : [device.id, device.gateway]));
    for (const id of new Set(touched)) if (id !== undefined) this.#changed(id);
  }
}

/** The same for credentials. */
export class WatchedCredentials implements CredentialStore {
  readonly #credentials: CredentialStore;
  readonly #changed: DeviceChanged;

  constructor(credentials: CredentialStore, changed: DeviceChanged) {
    this.#credentials = credentials;
    this.#changed = changed;
  }

  async put(credential: NewCredential, others: OthersOfKind): Promise<DeviceCredential> {
    const stored = await this.#credentials.put(credential, others);
    this.#changed(credential.deviceId);
    return stored;
  }

  async remove(deviceId: string, id?: string): Promise<boolean> {
    const removed = await this.#credentials.remove(deviceId, id);
    this.#changed(deviceId);
    return removed;
  }

  list(deviceId: string): Promise<readonly DeviceCredential[]> {
    return this.#credentials.list(deviceId);
  }

  account(deviceId: string): Promise<DeviceAccount | undefined> {
    return this.#credentials.account(deviceId);
  }

  accountOf(kind: 'token' | 'certificate', verifier: string): Promise<DeviceAccount | undefined> {
    return this.#credentials.accountOf(kind, verifier);
  }
}

/** The same for devices that come by a claim key. */
export class WatchedClaimKeys implements ClaimKeyStore {
  readonly #keys: ClaimKeyStore;
  readonly #changed: DeviceChanged;

  constructor(keys: ClaimKeyStore, changed: DeviceChanged) {
    this.#keys = keys;
    this.#changed = changed;
  }

  check(digest: string, deviceId: string): Promise<void> {
    return this.#keys.check(digest, deviceId);
  }

  async claim(claim: Claim): Promise<Device> {
    const device = await this.#keys.claim(claim);
    if (device.gateway !== undefined) this.#changed(device.gateway);
    return device;
  }

  put(key: NewClaimKey): Promise<ClaimKey> {
    return this.#keys.put(key);
  }

  list(): Promise<readonly ClaimKey[]> {
    return this.#keys.list();
  }

  remove(id: string): Promise<boolean> {
    return this.#keys.remove(id);
  }
}
