import type { QoS } from '../message.ts';
import type { Log } from '../std/log.ts';
import { lowerQos, type Session } from './session.ts';

/*
 * What was kept under limits that are lower since. Nothing of it is taken away, and nothing new is promised: what a session
 * owes goes out as it was owed; its subscriptions get no more than the QoS of now; what is retained greets.
 */

/** Answers how many subscriptions of the session get a lower QoS from now on. */
export function lowerSubscriptions(session: Session, qosMax: QoS): number {
  if (qosMax === 2) return 0;
  let lowered = 0;
  for (const subscription of [...session.subscriptions.values()]) {
    if (subscription.qos <= qosMax) continue;
    session.subscribe({ ...subscription, qos: lowerQos(subscription.qos, qosMax) });
    lowered++;
  }
  for (const request of [...session.queueRequests.values()]) {
    if (request.qos <= qosMax) continue;
    session.keepQueueRequest({ ...request, qos: lowerQos(request.qos, qosMax) });
    lowered++;
  }
  return lowered;
}

export interface Kept {
  readonly loweredSubscriptions: number;
  readonly qosMax: QoS;
  readonly retained: number;
  readonly retainedMessagesMax: number;
}

/** Says at the start what is there beyond the limits of now, and what becomes of it. */
export function tellKept(log: Log, { loweredSubscriptions, qosMax, retained, retainedMessagesMax }: Kept): void {
  if (loweredSubscriptions > 0) {
    log.warn(
      'Kept subscriptions get a lower QoS than they were granted; what is owed to them already goes out as it was owed',
      {
        subscriptions: loweredSubscriptions,
        qosMax,
      },
    );
  }
  if (retained <= retainedMessagesMax) return;
  const what =
    retainedMessagesMax === 0
      ? 'none of them greets anybody, and all stay on disk'
      : 'all of them stay and greet, and no topic is added until there are fewer';
  log.warn(`More messages are retained than there may be: ${what}`, { retained, retainedMessagesMax });
}
