import { enqueuedAtOf, expiresAtOf, sparedByTtl } from './record.ts';

/**
 * Whether the time of a message is over, in a queue whose messages wait `ttlMs` at most, or without end where that is 0.
 * The queue's part is not in the record, so that a change of the option holds for what waits already.
 */
export function hasExpired(record: Buffer, ttlMs: number, now: number): boolean {
  const own = expiresAtOf(record);
  if (own !== 0 && own <= now) return true;
  return ttlMs !== 0 && enqueuedAtOf(record) + ttlMs <= now && !sparedByTtl(record);
}
