import type { Clock } from './clock.ts';
import { monotonic } from './step-time.ts';

/** Taking in what its senders wait for: until it is safe, and they are told. */
export interface Acceptance {
  readonly isBusy: boolean;
  /** Calls once, when what waits now is safe, or has failed, and its senders are told. */
  afterAnswers(run: () => void): void;
}

/** Calls `run` once, as soon as nobody waits for an answer, and after `msMax` at the latest: at once where nobody does. */
export function behindAnswers(
  acceptance: Acceptance,
  clock: Pick<Clock, 'after'>,
  msMax: number,
  run: () => void,
  monotonicMs = monotonic,
): void {
  const end = monotonicMs() + msMax;
  const mayRun = (): boolean => !acceptance.isBusy || monotonicMs() >= end;
  if (mayRun()) {
    run();
    return;
  }
  let isOver = false;
  const runOnce = (): void => {
    if (isOver) return;
    isOver = true;
    timer.cancel();
    run();
  };
  const look = (): void => {
    if (isOver || mayRun()) runOnce();
    else acceptance.afterAnswers(look);
  };
  // A slow disk, where a flush takes longer, holds nothing up for as long.
  const timer = clock.after(msMax, runOnce);
  acceptance.afterAnswers(look);
}
