import type { Message } from '../../message.ts';
import { hash48Of } from '../../std/hash.ts';
import { compileKey, type KeyOf } from '../key-expression.ts';
import type { QueueOptions } from '../options.ts';
import { askedDelayMs, askedPriority } from './message-wishes.ts';
import { enqueuedAtOf, expiresAtOf, messageOf, placed, sparedByTtl } from './record.ts';

/** What a queue makes of the messages that come into it: what their records say for it alone, and from when they can go. */
export class Placing {
  readonly #options: QueueOptions;
  readonly #keyOf: KeyOf | undefined;
  readonly #conflates: boolean;

  constructor(options: QueueOptions) {
    this.#options = options;
    const key = options.lastValue.key ?? options.orderingKey;
    this.#keyOf = key === null ? undefined : compileKey(key);
    this.#conflates = options.lastValue.key !== null;
  }

  /** From when on a new message can be delivered; 0 for at once, as always where the newest message of a key is meant. */
  availableAt(message: Message, record: Buffer): number {
    if (this.#conflates) return 0;
    const delayMs = askedDelayMs(message) ?? this.#options.delayMs;
    return delayMs === 0 ? 0 : enqueuedAtOf(record) + delayMs;
  }

  /**
   * `record` is as it was encoded. `message` is what it holds, where somebody has it. `owned`: the record is this queue's
   * alone.
   */
  place(record: Buffer, message: Message | undefined, owned: boolean, availableAt: number): Buffer {
    const keyHash = this.#keyOf === undefined ? 0 : this.#keyHash(message ?? messageOf(record), this.#keyOf);
    // Its queue's ttl ends what was enqueued first, first: what has another order has it in its record.
    const isEndWritten = (availableAt > 0 || this.#conflates) && !sparedByTtl(record);
    const lane = this.#options.priorities === 1 ? 0 : laneOf(message ?? messageOf(record), this.#options.priorities);
    if (keyHash === 0 && lane === 0 && !isEndWritten) return record;
    const expiresAt = isEndWritten ? this.#endOf(record, availableAt) : expiresAtOf(record);
    return placed(record, { lane, expiresAt, keyHash, isEndWritten }, owned);
  }

  #keyHash(message: Message, keyOf: KeyOf): number {
    const key = keyOf(message);
    return key === undefined ? 0 : hash48Of(key);
  }

  /** A delay is no part of the wait. */
  #endOf(record: Buffer, availableAt: number): number {
    const { ttlMs } = this.#options;
    const own = expiresAtOf(record);
    if (ttlMs === 0) return own;
    const end = Math.max(availableAt, enqueuedAtOf(record)) + ttlMs;
    return own === 0 ? end : Math.min(own, end);
  }
}

/** What asks for nothing, or for what cannot be, has the lowest priority. */
export function laneOf(message: Message, priorities: number): number {
  const asked = askedPriority(message) ?? 1;
  return Number.isNaN(asked) ? 0 : Math.min(asked, priorities) - 1;
}
