import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../std/clock.ts';
import { verifySecret } from './secrets.ts';
import { type TurnLimits, Turns } from './turns.ts';

export const verificationLimits: TurnLimits = {
  /** Each holds a thread of the pool that storage flushes on too, so they never get all four. */
  concurrentMax: 2,
  /** Take about a minute of one core. */
  outstandingMax: 2_000,
  perAddressMax: 200,
};
/** How long a password that was right is remembered, so that a reconnecting fleet does not derive again. */
const acceptedMs = 10 * 60_000;
const acceptedMax = 20_000;
/** How long a wrong one is: a device with an old password that retries every second costs one derivation in this time. */
const refusedMs = 10_000;
const refusedMax = 2_000;

/** Derives `hash` from `secret` and compares; `verifySecret`, or a test's. */
export type Verify = (secret: Buffer, hash: string) => Promise<boolean>;

/**
 * Checks passwords against slow hashes, and remembers the answer for a while under a keyed digest of subject, stored hash and
 * password: neither the password nor anything that would help to guess it stays in memory, and a changed hash is another key.
 */
export class Verifier {
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  readonly #verify: Verify;
  readonly #turns: Turns;
  /** Until when, by question. */
  readonly #accepted = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #pending = new Map<string, Promise<boolean>>();

  constructor(clock: Clock, limits: TurnLimits = verificationLimits, verify: Verify = verifySecret) {
    this.#clock = clock;
    this.#turns = new Turns('verifications', limits);
    this.#verify = verify;
  }

  /** Derivations that run or wait. */
  get outstanding(): number {
    return this.#turns.outstanding;
  }

  /** Rejects with `quota_exceeded` where too many wait already. The same question asked twice at once is answered by one derivation. */
  async check(subject: string, secret: Buffer, hash: string, remoteAddress: string): Promise<boolean> {
    const key = this.#digest(subject, secret, hash);
    const now = this.#clock.now();
    if (isFresh(this.#accepted, key, now)) return true;
    if (isFresh(this.#refused, key, now)) return false;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const derivation = this.#turns.take(remoteAddress, () => this.#derive(key, secret, hash));
    this.#pending.set(key, derivation);
    try {
      return await derivation;
    } finally {
      this.#pending.delete(key);
    }
  }

  async #derive(key: string, secret: Buffer, hash: string): Promise<boolean> {
    const right = await this.#verify(secret, hash);
    if (right) remember(this.#accepted, acceptedMax, key, this.#clock.now() + acceptedMs);
    else remember(this.#refused, refusedMax, key, this.#clock.now() + refusedMs);
    return right;
  }

  #digest(subject: string, secret: Buffer, hash: string): string {
    // The lengths in front keep the parts apart: no two questions share a digest.
    return createHmac('sha256', this.#key)
      .update(`${subject.length}:${hash.length}:${subject}${hash}`)
      .update(secret)
      .digest('base64');
  }
}

function isFresh(memory: Map<string, number>, key: string, now: number): boolean {
  const until = memory.get(key);
  if (until === undefined) return false;
  if (until > now) return true;
  memory.delete(key);
  return false;
}

/** The oldest entry makes room. */
function remember(memory: Map<string, number>, max: number, key: string, until: number): void {
  memory.delete(key);
  if (memory.size >= max) {
    const oldest = memory.keys().next();
    if (oldest.done !== true) memory.delete(oldest.value);
  }
  memory.set(key, until);
}
