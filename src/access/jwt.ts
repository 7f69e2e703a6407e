import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import type { AccessRule, Identity } from './access.ts';
import { type Authenticator, type Login, wrongCredentials } from './authenticator.ts';
import { givenRules } from './given-rules.ts';
import type { JwksKeys } from './jwks.ts';
import type { JwtKey, JwtKeySettings } from './jwt-key.ts';
import { broughtIdentity, type Source } from './source.ts';
import type { Turns } from './turns.ts';

export interface JwtSettings extends JwtKeySettings {
  readonly jwksRefreshSeconds: number;
  /** Tokens of others are not for this server. */
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  readonly clockToleranceSeconds: number;
  /** The claim that names the client. */
  readonly nameClaim: string;
  /** The claim that makes an administrator where it is true. */
  readonly adminClaim: string | undefined;
  /** What the user name of an MQTT client must be that has a token as its password. */
  readonly username: 'any' | 'name';
  /** For tokens that bring none of their own. */
  readonly rules: readonly AccessRule[];
}

export interface JwtParts {
  readonly key: JwtKey;
  /** Where the key is one of a set. */
  readonly jwks: JwksKeys | undefined;
  readonly turns: Turns;
  readonly clock: Clock;
}

const tokenCharactersMax = 8 * 1024;
const nameCharactersMax = 256;
const compactForm = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** JSON Web Tokens: as the password of an MQTT client, or as a bearer token over HTTP. */
export class Jwt implements Authenticator {
  readonly name = 'jwt';
  readonly #settings: JwtSettings;
  readonly #parts: JwtParts;
  readonly #stamp: string;

  constructor(settings: JwtSettings, parts: JwtParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#stamp = JSON.stringify([settings, parts.key.stamp]);
  }

  async authenticate({ token, username, password, remoteAddress }: Login): Promise<Identity | undefined> {
    const text = token ?? password?.toString('latin1');
    if (text === undefined || !this.#isOurs(text)) return undefined;
    const payload = await this.#parts.turns.take(remoteAddress, () => this.#verified(text));
    const identity = this.#identity(payload);
    if (token === undefined && this.#settings.username === 'name' && username !== identity.name)
      throw wrongCredentials('The user name is not the one that the token names');
    return identity;
  }

  /** A token is not kept, so that it cannot be checked by other settings: with them it has to be shown again. */
  reexamine(identity: Identity): Identity | undefined {
    return identity.proof?.stamp === this.#stamp ? identity : undefined;
  }

  /** The token is gone, and cannot be shown again: what it said itself goes on, as long as tokens count at all. */
  ofSource(source: Source): Identity {
    return broughtIdentity(source, this.name, this.#settings.rules);
  }

  /** Whether it is a token, and of our issuer where that is set. Says nothing about its signature. */
  #isOurs(text: string): boolean {
    if (text.length > tokenCharactersMax || !compactForm.test(text)) return false;
    try {
      if (typeof decodeProtectedHeader(text).alg !== 'string') return false;
      return this.#settings.issuer === undefined || decodeJwt(text).iss === this.#settings.issuer;
    } catch (problem) {
      if (problem instanceof TypeError || problem instanceof errors.JOSEError) return false;
      throw problem;
    }
  }

  async #verified(text: string): Promise<JWTPayload> {
    const { issuer, audience, clockToleranceSeconds, nameClaim } = this.#settings;
    const { key, jwks, clock } = this.#parts;
    const options = {
      algorithms: [...key.algorithms],
      issuer,
      audience,
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: [nameClaim],
    };
    try {
      if (key.key === 'jwks') return (await jwtVerify(text, (jwks as JwksKeys).key, options)).payload;
      return (await jwtVerify(text, key.key, options)).payload;
    } catch (problem) {
      if (problem instanceof SluiceError) throw problem;
      if (problem instanceof errors.JWTExpired) throw refused('it has expired');
      throw refused('the server does not accept this one', causeOf(problem));
    }
  }

  #identity(payload: JWTPayload): Identity {
    const { nameClaim, adminClaim, clockToleranceSeconds } = this.#settings;
    const name = payload[nameClaim];
    if (typeof name !== 'string' || name === '' || name.length > nameCharactersMax)
      throw refused(`its claim "${nameClaim}" names nobody`);
    const given = this.#rules(payload, name);
    const admin = adminClaim !== undefined && payload[adminClaim] === true;
    return {
      kind: 'user',
      name,
      admin,
      rules: given ?? this.#settings.rules,
      proof: { by: this.name, stamp: this.#stamp, brought: admin || given !== undefined },
      // What is let in by the tolerance is not sent away before it is over.
      ...(payload.exp !== undefined && { expiresAt: (payload.exp + clockToleranceSeconds) * 1000 }),
    };
  }

  /** Those that the token brings; undefined where it brings none. */
  #rules(payload: JWTPayload, name: string): readonly AccessRule[] | undefined {
    try {
      return givenRules(payload, JSON.stringify(name));
    } catch (problem) {
      throw refused(`its rules cannot be used: ${(problem as Error).message}`);
    }
  }
}

/** `cause` is for the log. */
function refused(why: string, cause?: string): SluiceError {
  return new SluiceError('unauthenticated', `Check the token: ${why}`, { cause });
}

/** Says nothing of what stands in the token: whoever sent it chose that. */
function causeOf(problem: unknown): string {
  if (problem instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = problem;
    if (reason === 'missing') return `It has no claim "${claim}"`;
    if (claim === 'nbf') return 'It does not count yet: its claim "nbf" is ahead';
    return `Its claim "${claim}" is not what access.jwt asks for`;
  }
  const { code = '' } = problem as Partial<errors.JOSEError>;
  return causes[code] ?? `It cannot be checked (${code || 'no code'})`;
}

const causes: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The key of access.jwt did not sign it',
  ERR_JOSE_ALG_NOT_ALLOWED: 'Its algorithm is not one that access.jwt takes',
  ERR_JWKS_NO_MATCHING_KEY: 'The key set of access.jwt has no key that it can be signed with',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS:
    'The key set of access.jwt has several keys that it can be signed with, and it names none',
  ERR_JWS_INVALID: 'It cannot be read',
  ERR_JWT_INVALID: 'It cannot be read',
};
