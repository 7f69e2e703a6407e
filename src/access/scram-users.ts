import { createHmac, randomBytes } from 'node:crypto';
import type { ScramSubject } from './scram.ts';
import { makeScramVerifier, parseScramVerifier, type ScramVerifier, scramIterations } from './scram-verifier.ts';
import { isSecretHash } from './secrets.ts';
import type { ConfiguredUser, Users } from './users.ts';

const saltBytes = 16;

/**
 * Verifiers of the configured users. Nobody can tell from the challenge whether a name is known: who is not, or has a hash
 * of another form, gets a salt that is made up, the same each time, with as many iterations as the others.
 */
export class ScramUsers {
  readonly #users: Users;
  readonly #saltKey: Buffer;
  readonly #iterations: number;
  /** Of users with a plain password; no more than there are users. */
  readonly #derived = new Map<string, Promise<ScramVerifier>>();

  /** `saltKey` is a secret of this server that outlives the process. */
  constructor(users: Users, saltKey: Buffer) {
    this.#users = users;
    this.#saltKey = saltKey;
    const [first] = users.all().flatMap(({ password }) => parseScramVerifier(password) ?? []);
    this.#iterations = first?.iterations ?? scramIterations;
  }

  readonly lookup = async (username: string): Promise<ScramSubject> => {
    const user = this.#users.get(username);
    const verifier = user === undefined ? undefined : await this.#verifierOf(user);
    if (user === undefined || verifier === undefined) {
      return { verifier: this.#madeUp(username), identity: undefined };
    }
    return { verifier, identity: this.#users.identityOf(user) };
  };

  async #verifierOf({ name, password }: ConfiguredUser): Promise<ScramVerifier | undefined> {
    const stored = parseScramVerifier(password);
    if (stored !== undefined || isSecretHash(password)) return stored;
    const derived = this.#derived.get(name) ?? makeScramVerifier(password, this.#salt(name), this.#iterations);
    this.#derived.set(name, derived);
    return derived;
  }

  #madeUp(name: string): ScramVerifier {
    const [storedKey, serverKey] = [randomBytes(32), randomBytes(32)];
    return { iterations: this.#iterations, salt: this.#salt(name), storedKey, serverKey };
  }

  #salt(name: string): Buffer {
    return createHmac('sha256', this.#saltKey).update(name).digest().subarray(0, saltBytes);
  }
}
