import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { Access, AccessRule, Credentials, DeviceCredentials, Identity } from './access.ts';
import { isLoopbackAddress } from './addresses.ts';
import { isDeviceId } from './device-topics.ts';
import { isUnlimited, Policy } from './policy.ts';
import { checkRule } from './rule-template.ts';
import { isSecretHash } from './secrets.ts';
import { Verifier } from './verifier.ts';

/** Who may come without credentials: whoever is on this machine, nobody, everybody. */
export type AnonymousAccess = 'loopback' | 'never' | 'always';

interface Rights {
  readonly name: string;
  /** Everything is allowed, the HTTP API too. */
  readonly admin: boolean;
  readonly rules: readonly AccessRule[];
}

export interface ConfiguredUser extends Rights {
  /** Plain, or a hash of `hashSecret`. */
  readonly password: string;
}

export interface ConfiguredToken extends Rights {
  readonly token: string;
}

export interface ConfiguredAccessParts {
  readonly anonymous: AnonymousAccess;
  readonly users: readonly ConfiguredUser[];
  readonly tokens: readonly ConfiguredToken[];
  readonly devices: DeviceCredentials;
  readonly clock: Clock;
  readonly log: Log;
  /** Replaces the checker of slow hashes, in tests. */
  readonly verifier?: Verifier;
}

/** One answer for every wrong credential, so that it does not tell which part was wrong. */
const refusal = 'Check the user name and password: the server does not accept these credentials';

/** Access by what the configuration says of users and tokens, and the registry of devices. */
export class ConfiguredAccess implements Access {
  readonly #anonymous: AnonymousAccess;
  readonly #users: ReadonlyMap<string, ConfiguredUser>;
  readonly #tokens: ReadonlyMap<string, ConfiguredToken>;
  readonly #devices: DeviceCredentials;
  readonly #verifier: Verifier;
  readonly #log: Log;
  readonly #key = randomBytes(32);
  /** By the identity object of a connection, so that a policy lives as long as its connection. */
  readonly #policies = new WeakMap<Identity, Policy>();

  /** Throws `invalid_argument` for a rule that can never match and for a name or token given twice. */
  constructor(parts: ConfiguredAccessParts) {
    this.#anonymous = parts.anonymous;
    this.#devices = parts.devices;
    this.#verifier = parts.verifier ?? new Verifier(parts.clock);
    this.#log = parts.log.with({ part: 'access' });
    for (const { name, rules } of [...parts.users, ...parts.tokens]) {
      for (const rule of rules) checkRule(rule, JSON.stringify(name));
    }
    this.#users = indexed(parts.users, (user) => user.name, 'user');
    // Looked up by a keyed digest: how long the look-up takes says nothing about the token.
    this.#tokens = indexed(parts.tokens, (token) => this.#digest(token.token), 'token');
  }

  async authenticate(credentials: Credentials): Promise<Identity> {
    const { username, password, remoteAddress } = credentials;
    if (username === undefined && password === undefined) return this.#anonymousIdentity(remoteAddress);
    if (username === undefined || password === undefined) throw this.#refused(username, remoteAddress);
    const user = this.#users.get(username);
    const identity = user === undefined ? await this.#device(username, password) : await this.#user(user, password);
    if (identity === undefined) throw this.#refused(username, remoteAddress);
    return identity;
  }

  async authenticateToken(token: string | undefined, remoteAddress: string): Promise<Identity> {
    if (token === undefined) return this.#anonymousIdentity(remoteAddress);
    const known = this.#tokens.get(this.#digest(token));
    if (known === undefined) {
      this.#log.info('Refused a token', { remoteAddress });
      throw new SluiceError('unauthenticated', 'Check the bearer token: the server does not know this one');
    }
    return { kind: 'user', name: known.name, rules: known.rules, admin: known.admin };
  }

  mayPublish(identity: Identity, clientId: string, topic: string): boolean {
    return isUnlimited(identity) || this.#policy(identity, clientId).mayPublish(topic);
  }

  maySubscribe(identity: Identity, clientId: string, filter: string): boolean {
    return isUnlimited(identity) || this.#policy(identity, clientId).maySubscribe(filter);
  }

  mayAdminister(identity: Identity): boolean {
    return isUnlimited(identity);
  }

  /** Drops what is remembered of a device's verified passwords. A changed credential counts at once also without this call. */
  forget(deviceId: string): void {
    this.#verifier.forget(deviceSubject(deviceId));
  }

  #anonymousIdentity(remoteAddress: string): Identity {
    const allowed =
      this.#anonymous === 'always' || (this.#anonymous === 'loopback' && isLoopbackAddress(remoteAddress));
    if (allowed) return { kind: 'anonymous', name: 'anonymous' };
    throw new SluiceError(
      'unauthenticated',
      'Give a user name and password: the server takes no anonymous clients from here',
    );
  }

  async #user(user: ConfiguredUser, password: Buffer): Promise<Identity | undefined> {
    const right = isSecretHash(user.password)
      ? await this.#verifier.check(`user ${user.name}`, password, user.password)
      : this.#samePlain(password, user.password);
    return right ? { kind: 'user', name: user.name, rules: user.rules, admin: user.admin } : undefined;
  }

  async #device(id: string, password: Buffer): Promise<Identity | undefined> {
    if (!isDeviceId(id)) return undefined;
    const device = await this.#devices.lookup(id);
    if (device?.hash === undefined) return undefined;
    if (!(await this.#verifier.check(deviceSubject(id), password, device.hash))) return undefined;
    // Said only to who knows the password.
    if (device.retired)
      throw new SluiceError('device_retired', `Cannot serve device ${JSON.stringify(id)}: it is retired`);
    return { kind: 'device', name: id, deviceType: device.deviceType };
  }

  #policy(identity: Identity, clientId: string): Policy {
    let policy = this.#policies.get(identity);
    if (policy === undefined || policy.clientId !== clientId) {
      policy = new Policy(identity, clientId);
      this.#policies.set(identity, policy);
    }
    return policy;
  }

  #refused(username: string | undefined, remoteAddress: string): SluiceError {
    this.#log.info('Refused a login', { username: username?.slice(0, 128), remoteAddress });
    return new SluiceError('unauthenticated', refusal);
  }

  #samePlain(given: Buffer, expected: string): boolean {
    return timingSafeEqual(Buffer.from(this.#digest(given)), Buffer.from(this.#digest(expected)));
  }

  #digest(secret: string | Buffer): string {
    return createHmac('sha256', this.#key).update(secret).digest('base64');
  }
}

function deviceSubject(id: string): string {
  return `device ${id}`;
}

function indexed<T extends { name: string }>(
  rows: readonly T[],
  key: (row: T) => string,
  kind: string,
): Map<string, T> {
  const index = new Map<string, T>();
  for (const row of rows) {
    if (index.has(key(row)))
      throw new SluiceError('invalid_argument', `Cannot use ${kind} ${JSON.stringify(row.name)}: it is given twice`);
    index.set(key(row), row);
  }
  return index;
}
