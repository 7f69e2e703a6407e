import { randomUUID, X509Certificate } from 'node:crypto';
import { readDeviceKey } from '../../access/device-keys.ts';
import { tokenDigest } from '../../access/device-token.ts';
import { generatedSecretCost, generateSecret, hashSecret } from '../../access/secrets.ts';
import type { CredentialKind, NewCredential } from '../../devices/credentials.ts';
import { SluiceError } from '../../errors.ts';

/** What a request says of a credential that is to be. */
export interface CredentialBody {
  readonly kind: CredentialKind;
  readonly password?: string;
  readonly token?: string;
  readonly publicKey?: string;
  readonly certificate?: string;
  readonly fingerprint?: string;
  readonly name?: string;
  readonly expiresAt?: number;
}

/** A credential, and the secret or the name that is told of it once. Throws `invalid_argument` where a part is missing or wrong. */
export async function newCredential(
  body: CredentialBody,
): Promise<{ readonly credential: Omit<NewCredential, 'deviceId'>; readonly told: Readonly<Record<string, string>> }> {
  refuseOthers(body);
  const { verifier, told } = await makers[body.kind](body);
  const { kind, name, expiresAt } = body;
  return { credential: { id: randomUUID(), kind, verifier, name, expiresAt }, told };
}

interface Made {
  readonly verifier: string;
  readonly told: Readonly<Record<string, string>>;
}

const makers: Readonly<Record<CredentialKind, (body: CredentialBody) => Made | Promise<Made>>> = {
  password: async ({ password }) => {
    const secret = password ?? generateSecret();
    const hash = password === undefined ? hashSecret(secret, generatedSecretCost) : hashSecret(secret);
    return { verifier: await hash, told: { password: secret } };
  },
  token: ({ token = generateSecret() }) => ({ verifier: tokenDigest(token), told: { token } }),
  key: ({ publicKey }) => ({ verifier: readDeviceKey(publicKey ?? missing('publicKey')), told: {} }),
  certificate: ({ certificate, fingerprint }) => {
    if (certificate !== undefined && fingerprint !== undefined) throw both();
    const verifier =
      certificate === undefined ? hexOf(fingerprint ?? missing('certificate')) : fingerprintOf(certificate);
    return { verifier, told: { fingerprint: verifier } };
  },
};

const partsOf: Readonly<Record<CredentialKind, readonly string[]>> = {
  password: ['password'],
  token: ['token'],
  key: ['publicKey'],
  certificate: ['certificate', 'fingerprint'],
};

function refuseOthers(body: CredentialBody): void {
  const parts = Object.values(partsOf).flat();
  const wrong = parts.find((part) => Object.hasOwn(body, part) && !partsOf[body.kind].includes(part));
  if (wrong === undefined) return;
  throw new SluiceError('invalid_argument', `Leave out "${wrong}": a credential of kind "${body.kind}" has none`);
}

function missing(part: string): never {
  throw new SluiceError('invalid_argument', `Give "${part}": this kind of credential is not made here`);
}

function both(): SluiceError {
  return new SluiceError('invalid_argument', 'Give "certificate" or "fingerprint": one of them says which it is');
}

function fingerprintOf(certificate: string): string {
  try {
    return hexOf(new X509Certificate(certificate).fingerprint256);
  } catch (cause) {
    throw new SluiceError('invalid_argument', 'Give a certificate in PEM: this one cannot be read', { cause });
  }
}

function hexOf(fingerprint: string): string {
  const hex = fingerprint.replaceAll(':', '').toLowerCase();
  if (hex.length === 64) return hex;
  throw new SluiceError('invalid_argument', 'Give the SHA-256 fingerprint in 64 hexadecimal digits');
}
