import { createHash } from 'node:crypto';

/** What is kept of a device's token. Tokens are made of random bits, or as long as such: a fast digest does not help to guess them. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Long enough that nobody guesses it. ThingsBoard's have 20 characters. */
export const deviceTokenPattern = '^[A-Za-z0-9_~+/=:-]{16,256}$';
