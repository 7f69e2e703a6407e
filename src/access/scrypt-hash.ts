import { type BinaryLike, randomBytes, type ScryptOptions, scrypt } from 'node:crypto';
import { hashMemoryBytesMax, type SlowHash } from './slow-hash.ts';

/** What makes guessing expensive, as in RFC 7914: N is the cost (a power of two), r the block size, p the parallelism. */
export interface HashCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

const saltBytes = 16;
const hashBytes = 32;
const form = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9_-]{11,86})\$([A-Za-z0-9_-]{22,86})$/;

/** `scrypt$N$r$p$salt$hash`, salt and hash in base64url. */
export async function makeScryptHash(secret: string | Buffer, cost: HashCost): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(secret, salt, hashBytes, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

export function parseScryptHash(text: string): SlowHash | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const cost = { N: Number(match[1]), r: Number(match[2]), p: Number(match[3]) };
  const powerOfTwo = cost.N > 1 && Number.isInteger(Math.log2(cost.N));
  if (!powerOfTwo || cost.r < 1 || cost.p < 1 || cost.p > 16) return undefined;
  if (128 * cost.N * cost.r > hashMemoryBytesMax) return undefined;
  const salt = Buffer.from(match[4], 'base64url');
  const expected = Buffer.from(match[5], 'base64url');
  return { expected, derive: (secret) => derive(secret, salt, expected.length, cost) };
}

function derive(secret: BinaryLike, salt: Buffer, bytes: number, cost: HashCost): Promise<Buffer> {
  const options: ScryptOptions = { N: cost.N, r: cost.r, p: cost.p, maxmem: 2 * hashMemoryBytesMax };
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, bytes, options, (problem, key) => (problem === null ? resolve(key) : reject(problem)));
  });
}
