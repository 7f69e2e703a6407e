import { SluiceError } from '../../errors.ts';
import type { Settlement } from '../../message.ts';
import type { DeadLetterGroups } from '../causes/dead-letter-groups.ts';
import type { BrowsePage, BrowseRequest, ConsumerInfo, GroupInfo, SettleResult } from '../engine.ts';
import type { GroupStart } from '../group-start.ts';
import { quote } from '../queue-name.ts';
import type { QueueStats } from '../queue-stats.ts';
import type { DeliveryLoop } from './delivery-loop.ts';
import { groupOf, madeGroup, requireThere } from './log/group-of.ts';
import { LogQueue } from './log/log-queue.ts';
import { browseLog } from './log/log-scan.ts';
import { logStatsOf } from './log/log-stats.ts';
import { positionOf } from './log/seek.ts';
import { purge } from './purge.ts';
import type { AnyQueue } from './queue-kinds.ts';
import { browse } from './scan.ts';
import { statsOf } from './stats.ts';

/*
 * What the engine asks of a queue where work queues and logs have different answers.
 */

/** Who delivers: the queue itself, or the group of a log, which is made where there is none. */
export function loopOf(
  queue: AnyQueue,
  request: { group?: string; start?: GroupStart },
  consumerId: string,
): DeliveryLoop | Promise<DeliveryLoop> {
  const { group, start } = request;
  if (queue instanceof LogQueue) {
    const known = group === undefined ? undefined : queue.groups.find(group);
    return known?.delivery ?? groupOf(queue, group, start, consumerId).then(({ delivery }) => delivery);
  }
  if (group === undefined && start === undefined) return queue.delivery;
  const { name } = queue;
  throw new SluiceError(
    'invalid_argument',
    `Cannot consume "${name}" as group ${quote(group ?? '')}: it is a work queue, which has one group without a name`,
  );
}

export function settleTokens(queue: AnyQueue, tokens: readonly string[], settlement: Settlement): SettleResult[] {
  if (!(queue instanceof LogQueue)) return queue.delivery.leases.settle(tokens, settlement);
  return queue.groups.answer(tokens, (leases, token) => leases.settle([token], settlement)[0]);
}

export function extendTokens(queue: AnyQueue, tokens: readonly string[], leaseMs?: number): SettleResult[] {
  if (!(queue instanceof LogQueue)) return queue.delivery.leases.extend(tokens, leaseMs);
  return queue.groups.answer(tokens, (leases, token) => leases.extend([token], leaseMs)[0]);
}

export function browseAny(queue: AnyQueue, request: BrowseRequest): Promise<BrowsePage> {
  return queue instanceof LogQueue ? browseLog(queue, request) : browse(queue, request);
}

export function purgeAny(queue: AnyQueue): Promise<number> {
  return queue instanceof LogQueue ? queue.upkeep.purge() : purge(queue);
}

/** `dead`: the queue that takes its dead letters, where it is there. */
export function statsOfAny(queue: AnyQueue, dead: AnyQueue | undefined): QueueStats {
  const numbers = {
    deadLetters: dead?.messages ?? 0,
    deadLetterCauses: dead?.causes.size ?? 0,
    deadLetterGroups: dead?.causes.levels(groupLevelsMax) ?? [],
  };
  return queue instanceof LogQueue ? logStatsOf(queue, numbers) : statsOf(queue, numbers);
}

export async function deadLetterGroupsOf(queue: AnyQueue, recount: boolean): Promise<DeadLetterGroups> {
  const { context, causes } = queue;
  if (recount) await causes.recount();
  await context.commit.flushed();
  return causes.read();
}

/** The largest groups of dead letters, which have a metric each. */
const groupLevelsMax = 20;

export function consumersOf(queue: AnyQueue): ConsumerInfo[] {
  if (!(queue instanceof LogQueue)) return queue.delivery.consumers();
  return [...queue.groups.all].flatMap(({ delivery, group }) =>
    delivery.consumers().map((consumer) => ({ ...consumer, group })),
  );
}

/** Whoever is called so gives back what it leased, in whichever group. */
export function leaveAny(queue: AnyQueue, consumerId: string): void {
  const loops = queue instanceof LogQueue ? [...queue.groups.all].map(({ delivery }) => delivery) : [queue.delivery];
  for (const { leases } of loops) leases.leave(consumerId);
}

/** Resolves when nothing is done in the background for a queue that has ended. */
export async function idle(queue: AnyQueue): Promise<void> {
  if (queue instanceof LogQueue) await Promise.all([queue.upkeep.idle(), queue.groups.removals.idle()]);
  await queue.causes.idle();
}

export function groupsOf(queue: AnyQueue): GroupInfo[] {
  const infos = [...requireLog(queue).groups.all].map(({ info }) => info);
  return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What is published up to now is there to be found. */
export async function seek(queue: AnyQueue, name: string, start: GroupStart): Promise<GroupInfo> {
  const log = requireLog(queue);
  const { commit } = log.context;
  await commit.flushed();
  requireThere(log);
  const known = log.groups.find(name);
  // In this turn: a group that somebody else makes meanwhile would begin where that one says.
  const group = known ?? madeGroup(log, name, start);
  if (known !== undefined) await known.restart(positionOf(log, start));
  // Before it hands out from there: what is in hands a moment later says nothing of where it went on.
  const { info } = group;
  await commit.flushed();
  return info;
}

export async function removeGroup(queue: AnyQueue, name: string): Promise<void> {
  const { groups } = requireLog(queue);
  await groups.remove(groups.require(name));
}

/** Throws `invalid_argument` for a work queue. */
function requireLog(queue: AnyQueue): LogQueue {
  if (queue instanceof LogQueue) return queue;
  throw new SluiceError('invalid_argument', `Cannot ask "${queue.name}" for groups: it is a work queue, and has one`);
}
