import { createHmac, randomBytes } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import { verifySecret } from './secrets.ts';

/** Derivations that may wait for their turn; a caller beyond them is told `quota_exceeded`. 2,000 take about a minute of one core. */
export const verificationsMax = 2_000;
/** Derivations at once. Each holds a thread of the pool that storage flushes on too, so they never get all four. */
const concurrentMax = 2;
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
  readonly #outstandingMax: number;
  readonly #accepted = new Map<string, Remembered>();
  readonly #refused = new Map<string, Remembered>();
  readonly #pending = new Map<string, Promise<boolean>>();
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(clock: Clock, outstandingMax = verificationsMax, verify: Verify = verifySecret) {
    this.#clock = clock;
    this.#outstandingMax = outstandingMax;
    this.#verify = verify;
  }

  /** Derivations that run or wait. */
  get outstanding(): number {
    return this.#pending.size;
  }

  /** Rejects with `quota_exceeded` where too many wait already. The same question asked twice at once is answered by one derivation. */
  async check(subject: string, secret: Buffer, hash: string): Promise<boolean> {
    const key = this.#digest(subject, secret, hash);
    const now = this.#clock.now();
    if (isFresh(this.#accepted, key, now)) return true;
    if (isFresh(this.#refused, key, now)) return false;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    if (this.#pending.size >= this.#outstandingMax) {
      throw new SluiceError(
        'quota_exceeded',
        `Wait a moment: ${this.#outstandingMax} logins are being checked already`,
        {
          detail: { limit: 'verificationsMax' },
        },
      );
    }
    const derivation = this.#derive(key, subject, secret, hash);
    this.#pending.set(key, derivation);
    return derivation;
  }

  /** Drops what is remembered of one subject. */
  forget(subject: string): void {
    for (const memory of [this.#accepted, this.#refused]) {
      for (const [key, entry] of memory) if (entry.subject === subject) memory.delete(key);
    }
  }

  async #derive(key: string, subject: string, secret: Buffer, hash: string): Promise<boolean> {
    try {
      await this.#turn();
      const right = await this.#verify(secret, hash);
      if (right) remember(this.#accepted, acceptedMax, key, { subject, until: this.#clock.now() + acceptedMs });
      else remember(this.#refused, refusedMax, key, { subject, until: this.#clock.now() + refusedMs });
      return right;
    } finally {
      this.#pending.delete(key);
      const next = this.#queue.shift();
      // The next one takes over this place, so that nobody slips in between.
      if (next === undefined) this.#running--;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running < concurrentMax) this.#running++;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  #digest(subject: string, secret: Buffer, hash: string): string {
    // The lengths in front keep the parts apart: no two questions share a digest.
    return createHmac('sha256', this.#key)
      .update(`${subject.length}:${hash.length}:${subject}${hash}`)
      .update(secret)
      .digest('base64');
  }
}

interface Remembered {
  readonly subject: string;
  readonly until: number;
}

function isFresh(memory: Map<string, Remembered>, key: string, now: number): boolean {
  const entry = memory.get(key);
  if (entry === undefined) return false;
  if (entry.until > now) return true;
  memory.delete(key);
  return false;
}

/** The oldest entry makes room. */
function remember(memory: Map<string, Remembered>, max: number, key: string, entry: Remembered): void {
  memory.delete(key);
  if (memory.size >= max) {
    const oldest = memory.keys().next();
    if (oldest.done !== true) memory.delete(oldest.value);
  }
  memory.set(key, entry);
}
