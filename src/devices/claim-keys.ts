import type { NewCredential } from './credentials.ts';
import type { Device, NewDevice } from './device.ts';

/** What lets devices register themselves. */
export interface ClaimKey {
  readonly id: string;
  /** Of the devices that come by it. */
  readonly deviceType: string;
  /** What their ids begin with; empty: any. */
  readonly idPrefix: string;
  readonly gateway: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  /** How many devices may still come. */
  readonly usesLeft: number;
  readonly expiresAt: number | undefined;
  readonly createdAt: number;
}

export interface NewClaimKey extends Omit<ClaimKey, 'createdAt'> {
  /** SHA-256 of the key. */
  readonly digest: string;
}

export interface Claim {
  readonly digest: string;
  readonly deviceId: string;
  readonly firmwareVersion: string | undefined;
  readonly credential: Omit<NewCredential, 'deviceId'>;
}

/** Keys at a time. Those that have expired do not count: they make room for new ones. */
export const claimKeysMax = 1_000;

export interface ClaimKeyStore {
  /** Rejects with `not_found` for the device type or the gateway, with `quota_exceeded` beyond `claimKeysMax`. */
  put(key: NewClaimKey): Promise<ClaimKey>;
  list(): Promise<readonly ClaimKey[]>;
  remove(id: string): Promise<boolean>;
  /** Rejects where `claim` would for the key or the id; writes nothing, and waits for nobody who writes. */
  check(digest: string, deviceId: string): Promise<void>;
  /**
   * Registers the device with its credential and takes one use off the key, in one commit. The same claim again, with the
   * same credential, takes none: its answer may have been lost. Rejects with `unauthenticated` for the key, with
   * `not_authorized` for an id that it is not for, with `conflict` where the device is there.
   */
  claim(claim: Claim): Promise<Device>;
}

/** A device of the key. */
export function claimedDevice(key: ClaimKey, claim: Claim): NewDevice {
  const { deviceType: type, attributes, gateway } = key;
  const { deviceId: id, firmwareVersion } = claim;
  return { id, type, firmwareVersion, attributes, retired: false, gateway };
}
