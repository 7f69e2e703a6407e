import { type BinaryLike, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** What makes guessing expensive, as in RFC 7914: N is the cost (a power of two), r the block size, p the parallelism. */
export interface HashCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** For secrets that people choose: about 50 ms and 16 MiB a guess. */
export const chosenSecretCost: HashCost = { N: 16_384, r: 8, p: 1 };

/**
 * For the 160 random bits of `generateSecret`: nobody guesses those, so the hash need not be slow, and a thousand devices that
 * come back at once after a restart do not wait for a minute of scrypt.
 */
export const generatedSecretCost: HashCost = { N: 2, r: 1, p: 1 };

const saltBytes = 16;
const hashBytes = 32;
/** Bounds what a hash from a configuration file can make the server spend: 128 × N × r bytes. */
const hashMemoryBytesMax = 64 * 1024 * 1024;
const hashForm = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9_-]{11,86})\$([A-Za-z0-9_-]{22,86})$/;

/** A new secret of 160 random bits, base64url: 27 characters. */
export function generateSecret(): string {
  return randomBytes(20).toString('base64url');
}

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
export async function hashSecret(secret: string | Buffer, cost: HashCost = chosenSecretCost): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(secret, salt, hashBytes, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Whether a text is a hash of `hashSecret` and not a plain secret. */
export function isSecretHash(text: string): boolean {
  return parseHash(text) !== undefined;
}

/** Whether `hash` was made of this secret. False too where `hash` is not one that `hashSecret` writes. */
export async function verifySecret(secret: string | Buffer, hash: string): Promise<boolean> {
  const parsed = parseHash(hash);
  if (parsed === undefined) return false;
  const derived = await derive(secret, parsed.salt, parsed.hash.length, parsed.cost);
  return timingSafeEqual(derived, parsed.hash);
}

function parseHash(text: string): { cost: HashCost; salt: Buffer; hash: Buffer } | undefined {
  const match = hashForm.exec(text);
  if (match === null) return undefined;
  const cost = { N: Number(match[1]), r: Number(match[2]), p: Number(match[3]) };
  const powerOfTwo = cost.N > 1 && Number.isInteger(Math.log2(cost.N));
  if (!powerOfTwo || cost.r < 1 || cost.p < 1 || cost.p > 16) return undefined;
  if (128 * cost.N * cost.r > hashMemoryBytesMax) return undefined;
  return { cost, salt: Buffer.from(match[4], 'base64url'), hash: Buffer.from(match[5], 'base64url') };
}

function derive(secret: BinaryLike, salt: Buffer, bytes: number, cost: HashCost): Promise<Buffer> {
  const options: ScryptOptions = { N: cost.N, r: cost.r, p: cost.p, maxmem: 2 * hashMemoryBytesMax };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, bytes, options, (problem, key) => (problem === null ? resolve(key) : reject(problem)));
  });
}
