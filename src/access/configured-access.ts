import { randomBytes } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import type { ChildDevice } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type {
  Access,
  AccessChange,
  Arrival,
  AuthenticationExchange,
  Credentials,
  DeviceAccounts,
  ExchangeStep,
  Identity,
  Origin,
} from './access.ts';
import { type AccessSettings, AccessSetup, type AccessSetupParts } from './access-setup.ts';
import { isLoopbackAddress } from './addresses.ts';
import { type Login, wrongCredentials, wrongToken } from './authenticator.ts';
import { isDeviceId } from './device-topics.ts';
import { Digester } from './digester.ts';
import type { Proof } from './proof.ts';
import { ScramExchange } from './scram.ts';
import { readSource, sourceText } from './source.ts';
import { type TurnLimits, Turns } from './turns.ts';
import { Verifier } from './verifier.ts';

export interface ConfiguredAccessParts extends AccessSettings {
  readonly accounts: DeviceAccounts;
  readonly clock: Clock;
  readonly log: Log;
  /** Of 32 bytes, the same at every start. */
  readonly saltKey?: Buffer;
  /** Replaces the checker of slow hashes, in tests. */
  readonly verifier?: Verifier;
}

const anonymousProof: Proof = { by: 'anonymous', stamp: '' };
const anonymousIdentity: Identity = { kind: 'anonymous', name: 'anonymous', proof: anonymousProof };

/** Signatures are checked on threads of the pool that storage flushes on too: a flood of tokens must not hold them all. */
const tokenCheckLimits: TurnLimits = { concurrentMax: 2, outstandingMax: 2_000, perAddressMax: 500 };

/** Access by what the configuration says, and the registry of devices. */
export class ConfiguredAccess implements Access {
  readonly #parts: AccessSetupParts;
  #setup: AccessSetup;
  #changed: (change: AccessChange) => void = () => undefined;

  /** Throws `invalid_argument` for settings that cannot be. */
  constructor(parts: ConfiguredAccessParts) {
    const { accounts, clock, log, verifier = new Verifier(clock), saltKey = randomBytes(32), ...settings } = parts;
    this.#parts = {
      accounts,
      verifier,
      digester: new Digester(),
      tokenTurns: new Turns('tokenChecks', tokenCheckLimits),
      saltKey,
      clock,
      log: log.with({ part: 'access' }),
    };
    this.#setup = new AccessSetup(settings, this.#parts);
  }

  /** Other settings from now on. Throws `invalid_argument`, and changes nothing, where they cannot be. */
  reconfigure(settings: AccessSettings): void {
    this.#setup = new AccessSetup(settings, this.#parts, this.#setup);
    this.#changed({ kind: 'configuration' });
  }

  /** To be called when a device, or its credential, was put or removed. */
  deviceChanged(id: string): void {
    this.#changed({ kind: 'device', id });
  }

  onChanged(listener: (change: AccessChange) => void): void {
    this.#changed = listener;
  }

  async authenticate(credentials: Credentials): Promise<Identity> {
    const { username, password } = credentials;
    return this.#ask({ ...credentials, token: undefined }, username !== undefined || password !== undefined);
  }

  async authenticateToken(token: string | undefined, arrival: Arrival): Promise<Identity> {
    return this.#ask(
      { ...arrival, clientId: '', username: undefined, password: undefined, token },
      token !== undefined,
    );
  }

  beginExchange(method: string, credentials: Credentials): AuthenticationExchange | undefined {
    const { scram } = this.#setup;
    if (method !== 'SCRAM-SHA-256' || scram === undefined) return undefined;
    // There the certificate says who the client is, and nothing else.
    if (credentials.certificate !== undefined && credentials.through.certificateIdentity !== undefined)
      return undefined;
    const exchange = new ScramExchange(scram.lookup);
    const step = async (data: Buffer | undefined): Promise<ExchangeStep> => {
      try {
        return await exchange.step(data);
      } catch (problem) {
        this.#refused({ ...credentials, token: undefined }, problem);
        throw problem;
      }
    };
    return { step };
  }

  async reexamine(identity: Identity, origin: Origin, change: AccessChange): Promise<Identity | undefined> {
    const { proof } = identity;
    if (proof?.by === 'anonymous') return this.#takesAnonymous(origin) ? identity : undefined;
    return this.#setup.authenticators.find(({ name }) => name === proof?.by)?.reexamine(identity, change);
  }

  mayPublish(identity: Identity, clientId: string, topic: string, child?: ChildDevice): boolean {
    return this.#setup.authorizer.mayPublish(identity, clientId, topic, child);
  }

  maySubscribe(identity: Identity, clientId: string, filter: string): boolean {
    return this.#setup.authorizer.maySubscribe(identity, clientId, filter);
  }

  sourceOf(identity: Identity, clientId: string, topic: string): string | undefined {
    const { kind, name, proof } = identity;
    if (proof === undefined) return undefined;
    if (proof.brought !== true) return sourceText({ by: proof.by, kind, name });
    const brought = this.#setup.authorizer.broughtFor(identity, clientId, topic);
    return sourceText({ by: proof.by, kind, name, brought });
  }

  ofSource(text: string): Promise<Identity | undefined> | Identity | undefined {
    const source = readSource(text);
    if (source.by === 'anonymous') return { kind: 'anonymous', name: source.name, proof: anonymousProof };
    return this.#setup.authenticators.find(({ name }) => name === source.by)?.ofSource(source);
  }

  deviceOfSource(text: string): string | undefined {
    const { kind, name } = readSource(text);
    return kind === 'device' ? name : undefined;
  }

  mayAdminister(identity: Identity): boolean {
    return this.#setup.authorizer.isUnlimited(identity);
  }

  /**
   * The first that knows the client decides. Who shows nothing, and is known by nothing, is anonymous; so is who shows a
   * name and password where nobody could check them, as clients do out of habit, and no device has that name. Where rules bind
   * anonymous clients that would tell them which devices there are, so there it is refused whatever the name.
   */
  async #ask(login: Login, showsSomething: boolean): Promise<Identity> {
    try {
      for (const authenticator of this.#setup.authenticators) {
        const identity = await authenticator.authenticate(login);
        if (identity !== undefined) return identity;
      }
      if (!showsSomething || (await this.#isUnchecked(login))) return this.#anonymous(login);
      throw login.token === undefined ? wrongCredentials(unknownBecause(login)) : wrongToken(unknownBecause(login));
    } catch (problem) {
      this.#refused(login, problem);
      if (problem instanceof SluiceError && problem.code === 'unauthenticated') await this.#setup.users?.pretend(login);
      throw problem;
    }
  }

  /** A device whose credentials are still to be made is not anonymous: whoever shows its name meant to be it. */
  async #isUnchecked(login: Login): Promise<boolean> {
    const { token, username = '' } = login;
    if (this.#setup.knowsSomebody || token !== undefined || !this.#takesAnonymous(login)) return false;
    if (!this.#setup.authorizer.isUnlimited(anonymousIdentity)) return false;
    return !isDeviceId(username) || (await this.#parts.accounts.device(username)) === undefined;
  }

  #anonymous(origin: Origin): Identity {
    if (this.#takesAnonymous(origin)) return { kind: 'anonymous', name: 'anonymous', proof: anonymousProof };
    throw new SluiceError(
      'unauthenticated',
      'Give a user name and password: the server takes no anonymous clients from here',
    );
  }

  #takesAnonymous({ remoteAddress, through }: Origin): boolean {
    const who = through.anonymous ?? this.#setup.anonymous;
    return who === 'always' || (who === 'loopback' && isLoopbackAddress(remoteAddress));
  }

  #refused({ username, token, remoteAddress, through }: Login, problem: unknown): void {
    const { code, message, cause } = problem as Partial<SluiceError>;
    const by = token === undefined ? { username: username?.slice(0, 128) } : { by: 'token' };
    this.#parts.log.info('Refused a login', {
      ...by,
      remoteAddress,
      listener: through.listener,
      code,
      reason: message,
      ...(typeof cause === 'string' && { cause }),
    });
  }
}

/** Why nobody of `access.order` knows what is shown, for the log. */
function unknownBecause({ token, username, password }: Login): string {
  if (jwtForm.test(token ?? password?.toString('latin1') ?? ''))
    return 'It shows a JSON Web Token: no access.jwt knows its issuer, and no device has the key that signed it';
  if (token !== undefined) return 'No configured token, and no token of a device, is this one';
  if (username === undefined) return 'It shows a password without a user name';
  return 'There is no user of that name, and no device of that name that has a credential';
}

const jwtForm = /^[\w-]+\.[\w-]+\.[\w-]*$/;
