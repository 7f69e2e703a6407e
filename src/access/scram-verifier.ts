import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { saslPrep } from './sasl-prep.ts';
import type { SlowHash } from './slow-hash.ts';

/** What SCRAM-SHA-256 (RFC 5802 and 7677) keeps of a password: enough to check a proof, not enough to make one. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** Where nothing else says so; RFC 7677 asks for 4,096 at least. */
export const scramIterations = 10_000;
const iterationsMin = 4_096;
const iterationsMax = 1_000_000;
const saltBytes = 16;

/*
 * SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, all three in base64: the form in which PostgreSQL stores them.
 */
const form = /^SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/]{11,86}={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

export async function makeScramVerifier(
  password: string | Buffer,
  salt: Buffer = randomBytes(saltBytes),
  iterations = scramIterations,
): Promise<ScramVerifier> {
  const salted = await saltedPassword(password, salt, iterations);
  return { iterations, salt, storedKey: storedKeyOf(salted), serverKey: hmac(salted, 'Server Key') };
}

export function formatScramVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  const [saltText, stored, server] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `SCRAM-SHA-256$${iterations}:${saltText}$${stored}:${server}`;
}

export function parseScramVerifier(text: string): ScramVerifier | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const iterations = Number(match[1]);
  if (iterations < iterationsMin || iterations > iterationsMax) return undefined;
  const [salt, storedKey, serverKey] = match.slice(2).map((part) => Buffer.from(part, 'base64'));
  return { iterations, salt, storedKey, serverKey };
}

/** For who logs in with the password itself. */
export function parseScramHash(text: string): SlowHash | undefined {
  const verifier = parseScramVerifier(text);
  if (verifier === undefined) return undefined;
  const { salt, iterations, storedKey } = verifier;
  const derive = async (secret: string | Buffer): Promise<Buffer> =>
    storedKeyOf(await saltedPassword(secret, salt, iterations));
  return { expected: storedKey, derive };
}

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function storedKeyOf(salted: Buffer): Buffer {
  return sha256(hmac(salted, 'Client Key'));
}

function saltedPassword(password: string | Buffer, salt: Buffer, iterations: number): Promise<Buffer> {
  const prepared = saslPrep(password.toString());
  return new Promise((resolve, reject) => {
    pbkdf2(prepared, salt, iterations, 32, 'sha256', (problem, key) =>
      problem === null ? resolve(key) : reject(problem),
    );
  });
}
