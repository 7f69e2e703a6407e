import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { DeviceAccounts, EverybodyRule } from './access.ts';
import type { Authenticator } from './authenticator.ts';
import { Authorizer } from './authorizer.ts';
import { Certificates } from './certificates.ts';
import { type DeviceKeySettings, DeviceKeys } from './device-keys.ts';
import { Devices } from './devices.ts';
import type { Digester } from './digester.ts';
import { HttpAuthenticator, type HttpAuthenticatorSettings } from './http-authenticator.ts';
import { JwksKeys } from './jwks.ts';
import { Jwt, type JwtSettings } from './jwt.ts';
import { readJwtKey } from './jwt-key.ts';
import type { AuthenticatorName } from './proof.ts';
import { checkRule } from './rule-template.ts';
import { ScramUsers } from './scram-users.ts';
import { type ConfiguredToken, Tokens } from './tokens.ts';
import type { Turns } from './turns.ts';
import { type ConfiguredUser, Users } from './users.ts';
import type { Verifier } from './verifier.ts';

/** Who may come without credentials: whoever is on this machine, nobody, everybody. */
export type AnonymousAccess = 'loopback' | 'never' | 'always';

/** What the configuration says, in the words of its `access` section. */
export interface AccessSettings {
  readonly anonymous: AnonymousAccess;
  /** Who is asked, in this order; who is not named is not asked. */
  readonly order: readonly AuthenticatorName[];
  readonly users: readonly ConfiguredUser[];
  readonly tokens: readonly ConfiguredToken[];
  /** For everybody, before each one's own. */
  readonly rules: readonly EverybodyRule[];
  readonly devices: DeviceKeySettings;
  readonly jwt: JwtSettings;
  readonly http: HttpAuthenticatorSettings;
}

/** What outlives a change of the settings. */
export interface AccessSetupParts {
  readonly accounts: DeviceAccounts;
  readonly verifier: Verifier;
  readonly digester: Digester;
  readonly tokenTurns: Turns;
  readonly saltKey: Buffer;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything that follows from one reading of the settings. Other settings make another one. */
export class AccessSetup {
  readonly anonymous: AnonymousAccess;
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  /** Whether the configuration names anybody with a password, or anybody to ask; devices are known by the registry. */
  readonly knowsSomebody: boolean;
  readonly jwks: JwksKeys | undefined;
  /** Both undefined where users are not asked. */
  readonly users: Users | undefined;
  readonly scram: ScramUsers | undefined;

  /**
   * Throws `invalid_argument` for what can never work: a rule that cannot match, a name or token given twice, a key that
   * cannot be read. Keys that were fetched for `before` go on counting where their URL is the same.
   */
  constructor(settings: AccessSettings, parts: AccessSetupParts, before?: AccessSetup) {
    const { accounts, verifier, digester } = parts;
    checkRules(settings);
    this.anonymous = settings.anonymous;
    this.authorizer = new Authorizer(settings.rules);
    this.jwks = jwksOf(settings.jwt, parts, before?.jwks);
    const users = new Users(settings.users, verifier, digester);
    this.users = settings.order.includes(users.name) ? users : undefined;
    this.scram = this.users && new ScramUsers(users, parts.saltKey);
    const others = [...jwtOf(settings.jwt, parts, this.jwks), ...httpOf(settings.http, parts)];
    this.knowsSomebody = settings.users.length + others.length > 0;
    const built: readonly Authenticator[] = [
      new Certificates(accounts, users, parts.clock),
      users,
      new Tokens(settings.tokens, digester),
      new Devices({ ...parts, keys: new DeviceKeys(settings.devices, parts) }),
      ...others,
    ];
    this.authenticators = settings.order.flatMap((name) =>
      built.filter((authenticator) => authenticator.name === name),
    );
  }
}

function checkRules({ users, tokens, rules, jwt }: AccessSettings): void {
  for (const { name, rules: own } of [...users, ...tokens, { name: 'access.jwt.rules', rules: jwt.rules }]) {
    for (const rule of own) checkRule(rule, JSON.stringify(name));
  }
  for (const rule of rules) checkRule(rule, 'access.rules');
}

function jwksOf(settings: JwtSettings, { clock, log }: AccessSetupParts, before?: JwksKeys): JwksKeys | undefined {
  const { jwksUrl: url, jwksRefreshSeconds } = settings;
  if (url === undefined) return undefined;
  const refreshMs = jwksRefreshSeconds * 1000;
  return before?.isOf(url, refreshMs) ? before : new JwksKeys(url, refreshMs, clock, log);
}

function jwtOf(settings: JwtSettings, parts: AccessSetupParts, jwks: JwksKeys | undefined): Jwt[] {
  const key = readJwtKey(settings);
  return key === undefined ? [] : [new Jwt(settings, { ...parts, key, jwks, turns: parts.tokenTurns })];
}

function httpOf(settings: HttpAuthenticatorSettings, parts: AccessSetupParts): HttpAuthenticator[] {
  return settings.url === undefined ? [] : [new HttpAuthenticator(settings, { ...parts, url: settings.url })];
}
