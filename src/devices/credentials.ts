import type { ChildDevice } from '../message.ts';
import type { Device } from './device.ts';

/** What a device can log in with. */
export const credentialKinds = ['password', 'token', 'key', 'certificate'] as const;
export type CredentialKind = (typeof credentialKinds)[number];

export interface NewCredential {
  readonly id: string;
  readonly deviceId: string;
  readonly kind: CredentialKind;
  /** What it is checked by, and never the secret: a slow hash, the SHA-256 of a token, a public key in PEM, the SHA-256 of a certificate. */
  readonly verifier: string;
  /** For people. */
  readonly name: string | undefined;
  /** Epoch milliseconds from which it counts no more. */
  readonly expiresAt: number | undefined;
}

export interface DeviceCredential extends NewCredential {
  readonly createdAt: number;
}

/** What becomes of the others of its kind when a credential comes. */
export type OthersOfKind = 'keep' | { readonly endAt: number };

/** A device with all that its logins are decided by. */
export interface DeviceAccount {
  readonly device: Device;
  /** Those that expired too: a certificate that was taken away goes on closing the door to every other. */
  readonly credentials: readonly DeviceCredential[];
  /** Devices that it is the gateway of, but for retired ones. */
  readonly children: readonly ChildDevice[];
}

/** The credentials of devices. What `put` and `remove` change is durable when they resolve. */
export interface CredentialStore {
  /** Rejects with `device_unknown`, with `conflict` where another credential has this verifier, with `quota_exceeded` beyond `credentialsPerDeviceMax`. */
  put(credential: NewCredential, others: OthersOfKind): Promise<DeviceCredential>;
  list(deviceId: string): Promise<readonly DeviceCredential[]>;
  /** One of them, or all. Answers whether there was any that counted. */
  remove(deviceId: string, id?: string): Promise<boolean>;
  account(deviceId: string): Promise<DeviceAccount | undefined>;
  /** By what only one credential has. */
  accountOf(kind: 'token' | 'certificate', verifier: string): Promise<DeviceAccount | undefined>;
}
