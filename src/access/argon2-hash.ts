import crypto, { randomBytes } from 'node:crypto';
import { hashMemoryBytesMax, type SlowHash } from './slow-hash.ts';

/** `memory` in KiB, `passes` over it, `parallelism` lanes, as in RFC 9106. */
interface Argon2Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** What OWASP names for passwords of people: about 40 ms and 19 MiB a guess. */
const chosenSecretCost: Argon2Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const passesMax = 16;
const lanesMax = 16;
/** Passes over memory, together: what a login costs in time grows with it. */
const workKibibytesMax = 4 * 64 * 1024;

/*
 * The PHC string form: $argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<salt>$<hash>, both in base64 without padding.
 */
const form = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

export async function makeArgon2Hash(secret: string | Buffer): Promise<string> {
  const salt = randomBytes(16);
  const { memory, passes, parallelism } = chosenSecretCost;
  const hash = await derive(secret, salt, 32, chosenSecretCost);
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

export function parseArgon2Hash(text: string): SlowHash | undefined {
  const match = form.exec(text);
  // Node has it from 24.7 on.
  if (match === null || typeof crypto.argon2 !== 'function') return undefined;
  const cost = { memory: Number(match[1]), passes: Number(match[2]), parallelism: Number(match[3]) };
  if (!isAffordable(cost)) return undefined;
  const salt = Buffer.from(match[4], 'base64');
  const expected = Buffer.from(match[5], 'base64');
  return { expected, derive: (secret) => derive(secret, salt, expected.length, cost) };
}

function isAffordable({ memory, passes, parallelism }: Argon2Cost): boolean {
  if (passes < 1 || passes > passesMax || parallelism < 1 || parallelism > lanesMax) return false;
  // At least eight blocks a lane: RFC 9106, section 3.1.
  if (memory < 8 * parallelism || memory * 1024 > hashMemoryBytesMax) return false;
  return memory * passes <= workKibibytesMax;
}

function derive(secret: string | Buffer, nonce: Buffer, tagLength: number, cost: Argon2Cost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    crypto.argon2('argon2id', { message: secret, nonce, tagLength, ...cost }, (problem, key) =>
      problem === null ? resolve(key) : reject(problem),
    );
  });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
