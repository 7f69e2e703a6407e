import type { Identity } from './access.ts';
import type { Authenticator, Login } from './authenticator.ts';
import type { Digester } from './digester.ts';
import { indexed } from './indexed.ts';
import type { Source } from './source.ts';
import type { ConfiguredRights } from './users.ts';

export interface ConfiguredToken extends ConfiguredRights {
  readonly token: string;
}

/** Bearer tokens of the configuration, for HTTP. */
export class Tokens implements Authenticator {
  readonly name = 'tokens';
  /** By a keyed digest: how long the look-up takes says nothing about the token. */
  readonly #tokens: ReadonlyMap<string, ConfiguredToken>;
  readonly #digester: Digester;

  constructor(tokens: readonly ConfiguredToken[], digester: Digester) {
    this.#digester = digester;
    this.#tokens = indexed(tokens, ({ token }) => digester.digest(token), 'token');
  }

  async authenticate({ token }: Login): Promise<Identity | undefined> {
    return token === undefined ? undefined : this.#identity(this.#digester.digest(token));
  }

  reexamine({ proof }: Identity): Identity | undefined {
    return proof === undefined ? undefined : this.#identity(proof.stamp);
  }

  /** A name may have several tokens: it may do what any of them may. */
  ofSource({ name }: Source): Identity | undefined {
    const own = [...this.#tokens.values()].filter((token) => token.name === name);
    if (own.length === 0) return undefined;
    const rules = own.flatMap((token) => token.rules);
    return { kind: 'user', name, rules, admin: own.some(({ admin }) => admin), proof: { by: this.name, stamp: '' } };
  }

  #identity(stamp: string): Identity | undefined {
    const known = this.#tokens.get(stamp);
    if (known === undefined) return undefined;
    return { kind: 'user', name: known.name, rules: known.rules, admin: known.admin, proof: { by: this.name, stamp } };
  }
}
