import { SluiceError } from '../../../errors.ts';
import { type GroupStart, parseGroupStart } from '../../group-start.ts';
import { queueNotFound } from '../admission.ts';
import type { LogGroup } from './log-group.ts';
import type { LogQueue } from './log-queue.ts';
import { positionOf } from './seek.ts';

/**
 * The group of that name; where there is none it is made, to begin at `start` or where the log says, and its row is flushed.
 * Throws `invalid_argument`, and `quota_exceeded` where the log, or its consumer `maker`, has as many groups as it may.
 */
export async function groupOf(
  log: LogQueue,
  name: string | undefined,
  start: GroupStart | undefined,
  maker?: string,
): Promise<LogGroup> {
  if (name === undefined) {
    throw new SluiceError(
      'invalid_argument',
      `Cannot consume "${log.name}" without a group: it is a log, name a group`,
    );
  }
  const known = log.groups.find(name);
  if (known !== undefined) return known;
  const { commit } = log.context;
  // A place is looked for on disk.
  await commit.flushed();
  requireThere(log);
  const group = log.groups.find(name) ?? madeGroup(log, name, start ?? startOf(log), maker);
  await commit.flushed();
  return group;
}

/** A new group, which begins at `start`; everything that is published must be flushed. Throws as `groupOf` does. */
export function madeGroup(log: LogQueue, name: string, start: GroupStart, maker?: string): LogGroup {
  const group = log.groups.add(name, positionOf(log, start), maker);
  // One that nobody ever takes messages of expires as well.
  log.upkeep.plan();
  return group;
}

/** Whoever waited for something finds the log as it is by now. Throws `queue_not_found`, and `unavailable` where the server stops. */
export function requireThere({ name, removed, closed }: Pick<LogQueue, 'name' | 'removed' | 'closed'>): void {
  if (removed) throw queueNotFound(name);
  if (closed)
    throw new SluiceError('unavailable', `Cannot use a group of "${name}": the server stops; ask the next one`);
}

function startOf({ options }: LogQueue): GroupStart {
  return parseGroupStart(options.group.start) ?? 'latest';
}
