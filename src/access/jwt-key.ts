import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SluiceError } from '../errors.ts';

/** Signature algorithms of tokens, RFC 7518 and 8037. `none` is not one. */
export const jwtAlgorithms = [
  ...['HS256', 'HS384', 'HS512'],
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
] as const;

export interface JwtKeySettings {
  /** Those that are accepted; empty: as the key says. */
  readonly algorithms: readonly string[];
  /** One of these three. */
  readonly secret: string | undefined;
  readonly publicKeyFile: string | undefined;
  readonly jwksUrl: string | undefined;
}

/** What signatures are checked with; a key set is asked for its key each time. */
export interface JwtKey {
  readonly key: Uint8Array | KeyObject | 'jwks';
  readonly algorithms: readonly string[];
  /** Changes when the key does. */
  readonly stamp: string;
}

/** Undefined where no key is set. Throws `invalid_argument` where more than one is, or algorithms that do not go with it. */
export function readJwtKey(settings: JwtKeySettings): JwtKey | undefined {
  const { secret, publicKeyFile, jwksUrl } = settings;
  const given = [secret, publicKeyFile, jwksUrl].filter((each) => each !== undefined);
  if (given.length === 0) return undefined;
  if (given.length > 1) {
    throw unusable('expected one of access.jwt.secret, access.jwt.publicKeyFile and access.jwt.jwksUrl, met several');
  }
  if (secret !== undefined) return withAlgorithms(settings, Buffer.from(secret), secret, ['HS256', 'HS384', 'HS512']);
  if (jwksUrl !== undefined) return withAlgorithms(settings, 'jwks', jwksUrl, ['RS256', 'ES256', ...asymmetric]);
  const pem = readPem(publicKeyFile as string);
  const key = publicKey(pem, publicKeyFile as string);
  return withAlgorithms(settings, key, pem, algorithmsOf(key));
}

const asymmetric = jwtAlgorithms.filter((name) => !name.startsWith('HS'));

/** The first of the possible ones, or of a key set the first two, where the configuration names none. */
function withAlgorithms(
  { algorithms }: JwtKeySettings,
  key: JwtKey['key'],
  stamp: string,
  possible: readonly string[],
): JwtKey {
  const wrong = algorithms.find((name) => !possible.includes(name));
  if (wrong !== undefined) {
    throw unusable(`expected algorithms among ${[...new Set(possible)].join(', ')} for its key, met ${wrong}`);
  }
  const accepted = algorithms.length > 0 ? algorithms : possible.slice(0, key === 'jwks' ? 2 : 1);
  return { key, algorithms: accepted, stamp: `${accepted.join()} ${stamp}` };
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };

export function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  if (asymmetricKeyType === 'rsa') return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
  if (asymmetricKeyType === 'ed25519') return ['EdDSA'];
  const curve = curves[asymmetricKeyDetails?.namedCurve ?? ''];
  if (curve === undefined)
    throw unusable(`expected a key of RSA, P-256, P-384, P-521 or Ed25519, met ${asymmetricKeyType}`);
  return [curve];
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw unusable(`the public key in ${JSON.stringify(file)} cannot be read: ${(cause as Error).message}`, cause);
  }
}

function publicKey(pem: string, file: string): KeyObject {
  // `createPublicKey` would take the public half of a private key: that has no business on this server.
  if (pem.includes('PRIVATE KEY'))
    throw unusable(`expected a public key in ${JSON.stringify(file)}, met a private one`);
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw unusable(`expected a public key in PEM in ${JSON.stringify(file)}: ${(cause as Error).message}`, cause);
  }
}

function unusable(what: string, cause?: unknown): SluiceError {
  return new SluiceError('invalid_argument', `Cannot check tokens: ${what}`, { cause });
}
