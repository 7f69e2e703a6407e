import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
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
  readonly log: Log;
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
      throw wrongCredentials();
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
    const { key, jwks, clock, log } = this.#parts;
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
      const { code, message } = problem as Partial<errors.JOSEError>;
      log.debug('Token refused', { code, reason: message });
      throw refused(problem instanceof errors.JWTExpired ? 'it has expired' : 'the server does not accept this one');
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

function refused(why: string): SluiceError {
  return new SluiceError('unauthenticated', `Check the token: ${why}`);
}
