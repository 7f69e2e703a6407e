import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import type {
  AccessChange,
  AccountCredential,
  CertificateIdentity,
  ClientCertificate,
  DeviceAccount,
  DeviceAccounts,
  Identity,
} from './access.ts';
import type { Authenticator, Login } from './authenticator.ts';
import { deviceIdentity, isLive, registeredDevice, sooner } from './device-identity.ts';
import { isDeviceId } from './device-topics.ts';
import type { Source } from './source.ts';
import type { Users } from './users.ts';

/** How a certificate was known: it is one that the device has, or it names the client. */
const stamps = { own: 'own ', named: 'named ' } as const;

/**
 * Client certificates, on listeners that say what of them names the client: it is the device that has this very certificate
 * among its credentials, or the registered device of that id, or the configured user of that name, without a password. A
 * device that has certificates comes in by those alone, whatever another one says. Any other certificate is refused there,
 * whatever else the client shows, and so is one before or after the time for which it was made.
 */
export class Certificates implements Authenticator {
  readonly name = 'certificate';
  readonly #accounts: DeviceAccounts;
  readonly #users: Users;
  readonly #clock: Clock;

  constructor(accounts: DeviceAccounts, users: Users, clock: Clock) {
    this.#accounts = accounts;
    this.#users = users;
    this.#clock = clock;
  }

  async authenticate({ certificate, through }: Login): Promise<Identity | undefined> {
    if (certificate === undefined || through.certificateIdentity === undefined) return undefined;
    const { fingerprint, validTo } = certificate;
    requireValid(certificate, this.#clock.now());
    const owner = await this.#accounts.byCertificate(fingerprint);
    const own = owner && this.#own(owner, fingerprint, validTo);
    if (own !== undefined) return own;
    const names = namesOf(certificate, through.certificateIdentity);
    if (names === undefined) throw notPinned(fingerprint);
    for (const name of names) {
      const identity = await this.#named(name, fingerprint, validTo);
      if (identity !== undefined) return identity;
    }
    throw new SluiceError(
      'unauthenticated',
      `Register the device of the client certificate, or configure its user: ${names.length === 0 ? 'it names nobody' : `${JSON.stringify(names[0])} is neither, or has other certificates`}`,
    );
  }

  async reexamine(identity: Identity, change: AccessChange): Promise<Identity | undefined> {
    if (identity.kind === 'device' && change.kind === 'configuration') return identity;
    const { name, proof, expiresAt } = identity;
    const stamp = proof?.stamp ?? '';
    try {
      if (stamp.startsWith(stamps.named)) return await this.#named(name, stamp.slice(stamps.named.length), expiresAt);
      const account = await this.#accounts.device(name);
      return account && this.#own(account, stamp.slice(stamps.own.length), expiresAt);
    } catch (problem) {
      if (problem instanceof SluiceError && problem.code === 'device_retired') return undefined;
      throw problem;
    }
  }

  ofSource(source: Source): Promise<Identity | undefined> | Identity | undefined {
    return source.kind === 'device'
      ? registeredDevice(this.#accounts, source.name, this.name)
      : this.#users.ofSource(source);
  }

  #own(account: DeviceAccount, fingerprint: string, validTo: number | undefined): Identity | undefined {
    const now = this.#clock.now();
    const own = certificatesOf(account).find(({ verifier }) => verifier === fingerprint);
    if (own === undefined || !isLive(own, now)) return undefined;
    return deviceIdentity(account, { by: this.name, stamp: stamps.own + fingerprint }, sooner(validTo, own.expiresAt));
  }

  async #named(name: string, fingerprint: string, expiresAt: number | undefined): Promise<Identity | undefined> {
    const proof = { by: this.name, stamp: stamps.named + fingerprint } as const;
    const account = isDeviceId(name) ? await this.#accounts.device(name) : undefined;
    // One that was taken away counts here too: otherwise its name would let it in again.
    if (account !== undefined && certificatesOf(account).length > 0) return undefined;
    if (account !== undefined) return deviceIdentity(account, proof, expiresAt);
    const user = this.#users.get(name);
    return user && { kind: 'user', name, rules: user.rules, admin: user.admin, proof, expiresAt };
  }
}

function certificatesOf({ credentials }: DeviceAccount): readonly AccountCredential[] {
  return credentials.filter(({ kind }) => kind === 'certificate');
}

/** Throws `unauthenticated`. Looked at for each login, since a connection and a TLS session may outlive the certificate. */
function requireValid({ validFrom, validTo }: ClientCertificate, now: number): void {
  if (validFrom <= now && now < validTo) return;
  const span = [validFrom, validTo].map((at) => (Number.isNaN(at) ? 'an unreadable date' : new Date(at).toISOString()));
  throw new SluiceError('unauthenticated', `Renew the client certificate: it is valid from ${span.join(' to ')}`);
}

const namingKinds = /^(?:DNS|URI|email):(.+)$/;

/** Undefined where names do not count. */
function namesOf(certificate: ClientCertificate, by: CertificateIdentity): string[] | undefined {
  if (by === 'fingerprint') return undefined;
  if (by === 'commonName') return certificate.commonName ? [certificate.commonName] : [];
  return certificate.subjectAltNames.flatMap((name) => namingKinds.exec(name)?.[1] ?? []);
}

function notPinned(fingerprint: string): SluiceError {
  return new SluiceError(
    'unauthenticated',
    `Give the client certificate to its device first: no device has the one with the SHA-256 ${fingerprint}`,
  );
}
