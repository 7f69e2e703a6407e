import { released } from '../message.ts';
import type { Engine, LeasedMessage, LeaseRequest } from '../queues/engine.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { LongPolls } from './long-polls.ts';
import type { Presence } from './presence.ts';

/**
 * The engine cannot be told that a caller left, so it is asked for this long at a time: a waiter whose caller is gone takes
 * and gives back a message for no longer than this.
 */
const stepMs = 1_000;

export interface LeasePollParts {
  readonly engine: Engine;
  readonly longPolls: LongPolls;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Leases messages for a caller who may leave while waiting. Nothing when nothing came in time, when the caller left or when
 * the server stops. What was leased for a caller who did not hear of it goes back, uncounted.
 */
export async function pollLease(
  parts: LeasePollParts,
  queue: string,
  request: LeaseRequest,
  presence: Presence,
  client: string,
): Promise<readonly LeasedMessage[]> {
  const { engine, longPolls, clock } = parts;
  const giveBack = (leased: readonly LeasedMessage[]): Promise<void> => returnLeases(parts, queue, leased);
  let here = true;
  let leftListener: (() => void) | undefined;
  let leased: readonly LeasedMessage[] = [];
  presence.onLeft(() => {
    here = false;
    leftListener?.();
    void giveBack(leased);
  });
  const until = clock.now() + request.waitMs;
  while (here) {
    const waitMs = Math.max(0, Math.min(stepMs, until - clock.now()));
    const comesAgain = presence.isReturning || clock.now() + waitMs < until;
    const answer = await longPolls.wait({
      client,
      start: () => engine.lease(queue, { ...request, waitMs, comesAgain }),
      onLeft: (end) => {
        leftListener = end;
      },
      late: (pending) =>
        void pending.then(giveBack, (problem) => parts.log.debug('A lease ended late', { queue, problem })),
    });
    if (answer === undefined) break;
    if (!here) {
      await giveBack(answer);
      break;
    }
    leased = answer;
    if (answer.length > 0 || clock.now() >= until) break;
  }
  return leased;
}

async function returnLeases(
  { engine, log }: LeasePollParts,
  queue: string,
  leased: readonly LeasedMessage[],
): Promise<void> {
  if (leased.length === 0) return;
  const tokens = leased.map(({ token }) => token);
  try {
    await engine.settle(queue, tokens, released);
  } catch (problem) {
    // Their leases end by themselves.
    log.warn('Could not give back messages whose caller left', { queue, count: tokens.length, problem });
  }
}
