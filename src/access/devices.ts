import type { Clock } from '../std/clock.ts';
import type { AccessChange, AccountCredential, DeviceAccount, DeviceAccounts, Identity } from './access.ts';
import { type Authenticator, type Login, wrongCredentials } from './authenticator.ts';
import { deviceIdentity, isLive, registeredDevice, sooner } from './device-identity.ts';
import type { DeviceKeys } from './device-keys.ts';
import { tokenDigest } from './device-token.ts';
import { isDeviceId } from './device-topics.ts';
import type { Source } from './source.ts';
import type { Verifier } from './verifier.ts';

export interface DevicesParts {
  readonly accounts: DeviceAccounts;
  readonly verifier: Verifier;
  readonly keys: DeviceKeys;
  readonly clock: Clock;
}

/** What one credential of a device let in, and until when. */
interface Admission {
  readonly credential: AccountCredential;
  readonly expiresAt: number | undefined;
}

/** Longest token that is looked for. */
const tokenCharactersMax = 1_024;

/**
 * Registered devices. Over MQTT the user name is the id and the password is what the device has: its password, its token or a
 * JSON Web Token of its key; or the user name alone is the token. Over HTTP the two tokens are bearer tokens too.
 */
export class Devices implements Authenticator {
  readonly name = 'devices';
  readonly #parts: DevicesParts;

  constructor(parts: DevicesParts) {
    this.#parts = parts;
  }

  async authenticate({ token, username, password, remoteAddress }: Login): Promise<Identity | undefined> {
    if (token !== undefined) return this.#byBearer(token, remoteAddress);
    if (username === undefined) return undefined;
    const account = isDeviceId(username) ? await this.#parts.accounts.device(username) : undefined;
    const live = account === undefined ? [] : this.#live(account);
    const shown = password?.toString() ?? '';
    if (account === undefined || live.length === 0) return shown === '' ? this.#byToken(username) : undefined;
    const admission = await this.#admission(account, live, shown, password, remoteAddress);
    if (admission === undefined) throw wrongCredentials('The device has other credentials');
    return this.#identity(account, admission);
  }

  async reexamine(identity: Identity, change: AccessChange): Promise<Identity | undefined> {
    // The configuration says nothing about devices.
    if (change.kind === 'configuration') return identity;
    const account = await this.#parts.accounts.device(identity.name);
    if (account === undefined || account.retired) return undefined;
    const credential = this.#live(account).find(({ id }) => id === identity.proof?.stamp);
    if (credential === undefined) return undefined;
    return this.#identity(account, { credential, expiresAt: sooner(identity.expiresAt, credential.expiresAt) });
  }

  ofSource({ name }: Source): Promise<Identity | undefined> {
    return registeredDevice(this.#parts.accounts, name, this.name);
  }

  async #byBearer(token: string, remoteAddress: string): Promise<Identity | undefined> {
    const { accounts, keys } = this.#parts;
    const id = keys.claimedDevice(token);
    if (id === undefined) return this.#byToken(token);
    const account = isDeviceId(id) ? await accounts.device(id) : undefined;
    if (account === undefined) return undefined;
    const admission = await this.#byKey(account, this.#live(account), token, remoteAddress);
    return admission && this.#identity(account, admission);
  }

  async #byToken(token: string): Promise<Identity | undefined> {
    // What has dots is a token of another kind.
    if (token === '' || token.length > tokenCharactersMax || token.includes('.')) return undefined;
    const digest = tokenDigest(token);
    const account = await this.#parts.accounts.byToken(digest);
    const credential = account && this.#live(account).find(({ verifier }) => verifier === digest);
    return account && credential && this.#identity(account, { credential, expiresAt: credential.expiresAt });
  }

  async #admission(
    account: DeviceAccount,
    live: readonly AccountCredential[],
    shown: string,
    password: Buffer | undefined,
    remoteAddress: string,
  ): Promise<Admission | undefined> {
    if (password === undefined) return undefined;
    const byKey = await this.#byKey(account, live, shown, remoteAddress);
    if (byKey !== undefined) return byKey;
    const digest = tokenDigest(shown);
    for (const credential of live) {
      const { kind, verifier, expiresAt } = credential;
      if (kind === 'token' && verifier === digest) return { credential, expiresAt };
    }
    for (const credential of live) {
      const { kind, verifier, expiresAt } = credential;
      if (kind !== 'password') continue;
      if (await this.#parts.verifier.check(`device ${account.id}`, password, verifier, remoteAddress))
        return { credential, expiresAt };
    }
    return undefined;
  }

  async #byKey(
    { id }: DeviceAccount,
    live: readonly AccountCredential[],
    text: string,
    remoteAddress: string,
  ): Promise<Admission | undefined> {
    const { keys } = this.#parts;
    if (keys.claimedDevice(text) !== id) return undefined;
    for (const credential of live) {
      if (credential.kind !== 'key') continue;
      const holdsUntil = await keys.verify(text, id, credential.verifier, remoteAddress);
      if (holdsUntil !== undefined) return { credential, expiresAt: sooner(holdsUntil, credential.expiresAt) };
    }
    return undefined;
  }

  #live({ credentials }: DeviceAccount): readonly AccountCredential[] {
    const now = this.#parts.clock.now();
    // A certificate is shown to TLS and to nobody else.
    return credentials.filter((credential) => credential.kind !== 'certificate' && isLive(credential, now));
  }

  #identity(account: DeviceAccount, { credential, expiresAt }: Admission): Identity {
    return deviceIdentity(account, { by: this.name, stamp: credential.id }, expiresAt);
  }
}
