import type { DeadLetterNumbers, QueueStats } from '../../queue-stats.ts';
import type { LogQueue } from './log-queue.ts';

/**
 * A log has what it holds in `ready`, and loses messages through `dropped` alone. What its groups do is summed up beside
 * that: one message is delivered, acknowledged and dead-lettered once in each.
 */
export function logStatsOf(log: LogQueue, dead: DeadLetterNumbers): QueueStats {
  const { totals } = log;
  const groups = [...log.groups.all];
  const sum = (of: (group: (typeof groups)[number]) => number): number =>
    groups.reduce((total, group) => total + of(group), 0);
  return {
    ready: log.messages,
    readyByPriority: [log.messages],
    leased: sum(({ delivery }) => delivery.leased),
    scheduled: sum(({ scheduled }) => scheduled),
    bytes: log.bytes,
    consumers: sum(({ consumers }) => consumers),
    oldestReadyAgeMs: log.messages === 0 ? 0 : log.ageFrom(log.first),
    blocked: log.blocked,
    ...dead,
    ...totals.read(),
    groupsRefused: { ...log.groups.refused },
    delivered: totals.delivered + sum((group) => group.totals.delivered),
    redelivered: totals.redelivered + sum((group) => group.totals.redelivered),
    acknowledged: totals.acknowledged + sum((group) => group.totals.acknowledged),
    released: totals.released + sum((group) => group.totals.released),
    failed: totals.failed + sum((group) => group.totals.failed),
    leasesExpired: totals.leasesExpired + sum((group) => group.totals.leasesExpired),
    deadLettered: totals.deadLettered + sum((group) => group.totals.deadLettered),
  };
}
