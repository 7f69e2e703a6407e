import type { Backoff } from '../options.ts';

/** Milliseconds before the try after failure number `attempts`. `random` answers from 0 up to, not including, 1. */
export function backoffMs(backoff: Backoff, attempts: number, random: () => number): number {
  if (backoff.kind === 'none') return 0;
  const growth = backoff.kind === 'fixed' ? 1 : backoff.factor ** (attempts - 1);
  const delay = Math.min(backoff.initialMs * growth, backoff.maxMs);
  return Math.round(delay * (1 + backoff.jitter * (2 * random() - 1)));
}
