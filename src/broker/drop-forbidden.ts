import type { Access, Identity } from '../access/access.ts';
import { matchedFilter } from '../mqtt/topics/names.ts';
import type { Log } from '../std/log.ts';
import type { Router } from './router.ts';
import type { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';

export interface DropParts {
  readonly access: Access;
  readonly router: Router;
  readonly sessionLog: SessionLog;
  readonly log: Log;
}

/** Ends what a session subscribed to and may not read any more. Answers the filters. */
export function dropForbidden(parts: DropParts, session: Session, identity: Identity): readonly string[] {
  const dropped: string[] = [];
  for (const subscription of [...session.subscriptions.values()]) {
    if (parts.access.maySubscribe(identity, session.clientId, matchedFilter(subscription.filter))) continue;
    session.unsubscribe(subscription.filter);
    parts.router.unsubscribe(subscription);
    dropped.push(subscription.filter);
  }
  if (dropped.length === 0) return dropped;
  parts.router.groups.handOnWaiting(session);
  parts.sessionLog.changed(session);
  parts.log.warn('Subscriptions ended: not allowed any more', {
    client: session.clientId,
    filters: dropped.slice(0, filtersLoggedMax),
    count: dropped.length,
  });
  return dropped;
}

const filtersLoggedMax = 10;
