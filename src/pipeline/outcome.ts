import type { AppliedOutcome } from '../devices/store.ts';
import { type ErrorCode, errorCatalogue, type SluiceError } from '../errors.ts';

/**
 * What became of a message: the one list for HTTP answers, user properties, metric labels and dead letters.
 * `rejected` will be the same however often it is tried; `failed` may succeed later.
 */
export type Outcome = AppliedOutcome | `rejected:${ErrorCode}` | `failed:${ErrorCode}`;

/** Where a message stopped that did not get through; in the order of the steps. */
export type Stage = 'rate' | 'identify' | 'driver' | 'decode' | 'validate' | 'time' | 'store';

export type Verdict =
  | { readonly kind: 'stored'; readonly outcome: AppliedOutcome }
  | { readonly kind: 'rejected' | 'failed'; readonly stage: Stage; readonly error: SluiceError };

const stored = {
  applied: { kind: 'stored', outcome: 'applied' },
  stale: { kind: 'stored', outcome: 'stale' },
  duplicate: { kind: 'stored', outcome: 'duplicate' },
} as const satisfies Record<AppliedOutcome, Verdict>;

export function storedVerdict(outcome: AppliedOutcome): Verdict {
  return stored[outcome];
}

/** Rejected or failed, as the catalogue says whether trying again can help. */
export function stoppedVerdict(stage: Stage, error: SluiceError): Verdict {
  return { kind: errorCatalogue[error.code].retryable ? 'failed' : 'rejected', stage, error };
}

export function outcomeOf(verdict: Verdict): Outcome {
  return verdict.kind === 'stored' ? verdict.outcome : `${verdict.kind}:${verdict.error.code}`;
}
