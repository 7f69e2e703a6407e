import type { QueueStats } from '../queue-stats.ts';
import { messageKey, sequenceMax } from './keys.ts';
import type { Queue } from './queue.ts';
import { enqueuedAtOf } from './record.ts';

export function statsOf(queue: Queue, deadLetters: number): QueueStats {
  const { totals } = queue;
  return {
    ready: queue.readyMessages,
    readyByPriority: [queue.readyMessages],
    leased: queue.delivery.leased,
    scheduled: queue.schedule.size,
    bytes: queue.bytes,
    consumers: queue.delivery.consumptions.size + queue.delivery.leases.consumerCount,
    oldestReadyAgeMs: oldestReadyAgeMs(queue),
    blocked: queue.blocked,
    deadLetters,
    enqueued: totals.enqueued,
    delivered: totals.delivered,
    redelivered: totals.redelivered,
    acknowledged: totals.acknowledged,
    released: totals.released,
    failed: totals.failed,
    leasesExpired: totals.leasesExpired,
    deadLettered: totals.deadLettered,
    expired: totals.expired,
    dropped: { ...totals.dropped },
    moved: totals.moved,
    rejected: totals.rejected,
    duplicates: totals.duplicates,
    elided: totals.elided,
    timeInQueueMs: totals.timeInQueueMs.read(),
    processingMs: totals.processingMs.read(),
  };
}

function oldestReadyAgeMs(queue: Queue): number {
  const record = queue.selector.oldest()?.record ?? oldestOnDisk(queue);
  return record === undefined ? 0 : Math.max(0, queue.context.clock.now() - enqueuedAtOf(record));
}

function oldestOnDisk(queue: Queue): Buffer | undefined {
  if (queue.backlog.size === 0) return undefined;
  const from = messageKey(queue.id, 0, queue.backlog.boundary);
  return queue.context.environment.readRange('messages', from, messageKey(queue.id, 0, sequenceMax), 1)[0]?.value;
}
