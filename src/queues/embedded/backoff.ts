import type { Backoff } from '../options.ts';

/** Milliseconds before the try after failure number `attempts`. `random` answers from 0 up to, not including, 1. */
export function backoffMs(backoff: Backoff, attempts: number, random: () => number): number {
  return Math.round(steadyMs(backoff, attempts) * (1 + backoff.jitter * (2 * random() - 1)));
}

function steadyMs({ kind, initialMs, factor, maxMs, delaysMs }: Backoff, attempts: number): number {
  switch (kind) {
    case 'none':
      return 0;
    case 'fixed':
      return Math.min(initialMs, maxMs);
    case 'linear':
      return Math.min(initialMs * attempts, maxMs);
    case 'exponential':
      return Math.min(initialMs * factor ** (attempts - 1), maxMs);
    case 'list':
      return delaysMs[Math.min(attempts, delaysMs.length) - 1];
  }
}
