import type { DeviceCredentials, EverybodyRule } from './access.ts';
import type { Authenticator } from './authenticator.ts';
import { Authorizer } from './authorizer.ts';
import { Devices } from './devices.ts';
import type { Digester } from './digester.ts';
import type { AuthenticatorName } from './proof.ts';
import { checkRule } from './rule-template.ts';
import { type ConfiguredToken, Tokens } from './tokens.ts';
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
}

export interface AccessSetupParts {
  readonly devices: DeviceCredentials;
  readonly verifier: Verifier;
  readonly digester: Digester;
}

/** Everything that follows from one reading of the settings. Other settings make another one. */
export class AccessSetup {
  readonly anonymous: AnonymousAccess;
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;

  /** Throws `invalid_argument` for a rule that can never match and for a name or token given twice. */
  constructor(settings: AccessSettings, { devices, verifier, digester }: AccessSetupParts) {
    checkRules(settings);
    this.anonymous = settings.anonymous;
    this.authorizer = new Authorizer(settings.rules);
    const built: readonly Authenticator[] = [
      new Users(settings.users, verifier, digester),
      new Devices(devices, verifier),
      new Tokens(settings.tokens, digester),
    ];
    this.authenticators = settings.order.flatMap((name) =>
      built.filter((authenticator) => authenticator.name === name),
    );
  }
}

function checkRules({ users, tokens, rules }: AccessSettings): void {
  for (const { name, rules: own } of [...users, ...tokens]) {
    for (const rule of own) checkRule(rule, JSON.stringify(name));
  }
  for (const rule of rules) checkRule(rule, 'access.rules');
}
