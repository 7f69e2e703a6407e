import type { DeadLetterNumbers, QueueStats } from '../queue-stats.ts';
import { messageKey, sequenceMax } from './keys.ts';
import type { Lane } from './lanes.ts';
import type { Queue } from './queue.ts';
import { enqueuedAtOf } from './record.ts';

export function statsOf(queue: Queue, dead: DeadLetterNumbers): QueueStats {
  return {
    ready: queue.readyMessages,
    readyByPriority: readyByPriority(queue),
    leased: queue.delivery.leased,
    scheduled: queue.schedule.size,
    bytes: queue.bytes,
    consumers: queue.delivery.consumptions.size + queue.delivery.leases.consumerCount,
    oldestReadyAgeMs: oldestReadyAgeMs(queue),
    blocked: queue.blocked,
    ...dead,
    ...queue.totals.read(),
    groupsRefused: {},
  };
}

function readyByPriority({ lanes, options, readyMessages }: Queue): number[] {
  if (lanes.all.length === 1 && options.priorities === 1) return [readyMessages];
  const levels = Math.max(options.priorities, lanes.all.length);
  return Array.from({ length: levels }, (_, number) => lanes.all[number]?.size ?? 0);
}

function oldestReadyAgeMs(queue: Queue): number {
  const heads = queue.lanes.all.map((lane) => lane.ready.peek()?.record ?? oldestOnDisk(queue, lane));
  const oldest = [queue.selector.oldest()?.record, ...heads].reduce(older, undefined);
  return oldest === undefined ? 0 : Math.max(0, queue.context.clock.now() - enqueuedAtOf(oldest));
}

function older(a: Buffer | undefined, b: Buffer | undefined): Buffer | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return enqueuedAtOf(a) <= enqueuedAtOf(b) ? a : b;
}

function oldestOnDisk({ id, context }: Queue, { number, backlog }: Lane): Buffer | undefined {
  if (backlog.size === 0) return undefined;
  const from = messageKey(id, number, backlog.boundary);
  return context.environment.readRange('messages', from, messageKey(id, number, sequenceMax), 1)[0]?.value;
}
