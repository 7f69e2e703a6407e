import { SluiceError } from '../errors.ts';
import type { AccessRule, Identity } from './access.ts';
import { type Authenticator, type Login, wrongCredentials } from './authenticator.ts';
import type { Digester } from './digester.ts';
import { indexed } from './indexed.ts';
import type { Proof } from './proof.ts';
import { isBrokenHash, isSecretHash } from './secrets.ts';
import type { Source } from './source.ts';
import type { Verifier } from './verifier.ts';

export interface ConfiguredRights {
  readonly name: string;
  /** Everything is allowed, the HTTP API too. */
  readonly admin: boolean;
  readonly rules: readonly AccessRule[];
}

export interface ConfiguredUser extends ConfiguredRights {
  /** Plain, or a hash of `secrets.ts`. */
  readonly password: string;
}

/** Users of the configuration, by name and password. */
export class Users implements Authenticator {
  readonly name = 'users';
  readonly #users: ReadonlyMap<string, ConfiguredUser>;
  readonly #verifier: Verifier;
  readonly #digester: Digester;
  readonly #proofs = new Map<string, Proof>();

  constructor(users: readonly ConfiguredUser[], verifier: Verifier, digester: Digester) {
    this.#users = indexed(users, (user) => user.name, 'user');
    for (const { name, password } of users) if (isBrokenHash(password)) throw brokenHash(name);
    this.#verifier = verifier;
    this.#digester = digester;
  }

  all(): readonly ConfiguredUser[] {
    return [...this.#users.values()];
  }

  get(name: string): ConfiguredUser | undefined {
    return this.#users.get(name);
  }

  async authenticate({ username, password, remoteAddress }: Login): Promise<Identity | undefined> {
    const user = username === undefined ? undefined : this.#users.get(username);
    if (user === undefined) return undefined;
    if (password === undefined) throw wrongCredentials('The user showed no password');
    if (!(await this.#isRight(user, password, remoteAddress)))
      throw wrongCredentials('The password of the user is another one');
    return this.identityOf(user);
  }

  /**
   * Takes as long as the check of a slow hash, where a refusal has not cost one and some user has one: the time of a refusal must
   * not tell which names there are. Rejects as the check does.
   */
  async pretend({ username, password, remoteAddress }: Login): Promise<void> {
    const hash = [...this.#users.values()].map((user) => user.password).find(isSecretHash);
    if (hash === undefined || username === undefined || password === undefined) return;
    const user = this.#users.get(username);
    if (user !== undefined && isSecretHash(user.password)) return;
    await this.#verifier.check(`nobody ${username}`, password, hash, remoteAddress);
  }

  reexamine(identity: Identity): Identity | undefined {
    const user = this.#users.get(identity.name);
    return user === undefined || this.#proof(user).stamp !== identity.proof?.stamp ? undefined : this.identityOf(user);
  }

  ofSource({ name }: Source): Identity | undefined {
    const user = this.#users.get(name);
    return user && this.identityOf(user);
  }

  /** Who a user is that has shown to be the one. */
  identityOf(user: ConfiguredUser): Identity {
    const { name, rules, admin } = user;
    return { kind: 'user', name, rules, admin, proof: this.#proof(user) };
  }

  async #isRight({ name, password }: ConfiguredUser, given: Buffer, remoteAddress: string): Promise<boolean> {
    if (!isSecretHash(password)) return this.#digester.same(given, password);
    return this.#verifier.check(`user ${name}`, given, password, remoteAddress);
  }

  /** One object for all connections of a user. */
  #proof({ name, password }: ConfiguredUser): Proof {
    const known = this.#proofs.get(name);
    if (known !== undefined) return known;
    const proof = { by: this.name, stamp: this.#digester.digest(password) } as const;
    this.#proofs.set(name, proof);
    return proof;
  }
}

function brokenHash(name: string): SluiceError {
  return new SluiceError(
    'invalid_argument',
    `Cannot use the password of user ${JSON.stringify(name)}: it begins like a hash, and is none that can be checked within the limits`,
  );
}
