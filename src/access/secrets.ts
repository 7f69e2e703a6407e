import { randomBytes, timingSafeEqual } from 'node:crypto';
import { parseArgon2Hash } from './argon2-hash.ts';
import { parseScramHash } from './scram-verifier.ts';
import { type HashCost, makeScryptHash, parseScryptHash } from './scrypt-hash.ts';
import type { SlowHash } from './slow-hash.ts';

/** For secrets that people choose: about 50 ms and 16 MiB a guess. */
export const chosenSecretCost: HashCost = { N: 16_384, r: 8, p: 1 };

/**
 * For the 160 random bits of `generateSecret`: nobody guesses those, so the hash need not be slow, and a thousand devices that
 * come back at once after a restart do not wait for a minute of scrypt.
 */
export const generatedSecretCost: HashCost = { N: 2, r: 1, p: 1 };

interface HashForm {
  /** What every hash of the form begins with, and hardly a password that someone chose. */
  readonly prefix: string;
  /** Undefined where it is not one, or would cost too much to check. */
  readonly parse: (text: string) => SlowHash | undefined;
}

const forms: readonly HashForm[] = [
  { prefix: 'scrypt$', parse: parseScryptHash },
  { prefix: '$argon2', parse: parseArgon2Hash },
  { prefix: 'SCRAM-SHA-256$', parse: parseScramHash },
];

/** A new secret of 160 random bits, base64url: 27 characters. */
export function generateSecret(): string {
  return randomBytes(20).toString('base64url');
}

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
export function hashSecret(secret: string | Buffer, cost: HashCost = chosenSecretCost): Promise<string> {
  return makeScryptHash(secret, cost);
}

/** Whether a text is a hash that `verifySecret` can check, and not a plain secret. */
export function isSecretHash(text: string): boolean {
  return parse(text) !== undefined;
}

/** Whether a text begins like a hash and is none that can be checked: a mistake, and no plain secret. */
export function isBrokenHash(text: string): boolean {
  return forms.some(({ prefix }) => text.startsWith(prefix)) && !isSecretHash(text);
}

/** Whether `hash` was made of this secret. False too where `hash` is not one. */
export async function verifySecret(secret: string | Buffer, hash: string): Promise<boolean> {
  const parsed = parse(hash);
  if (parsed === undefined) return false;
  return timingSafeEqual(await parsed.derive(secret), parsed.expected);
}

function parse(text: string): SlowHash | undefined {
  return forms.find(({ prefix }) => text.startsWith(prefix))?.parse(text);
}
