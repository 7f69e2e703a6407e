import type { GroupStart } from '../../../../group-start.ts';
import type { LogEntry } from './log-entry.ts';
import type { LogWorld } from './log-world.ts';

export function startByChance(world: LogWorld): GroupStart {
  const { random, log, now } = world;
  return random.choose<GroupStart>([
    [1, 'earliest'],
    [1, 'latest'],
    [2, { sequence: random.between(0, log.next + 3) }],
    [2, { timeMs: now - random.below(40_000) }],
  ]);
}

/** The group goes on from there, or is made to begin there. What it holds is lost, and what failed begins anew. */
export async function seek(world: LogWorld, name: string): Promise<void> {
  const start = startByChance(world);
  void whenGroupIsMoved(world, name, start);
  await world.under.engine.seek('log', name, start);
}

export async function removeGroup(world: LogWorld, name: string): Promise<void> {
  if (!world.log.groups.has(name)) return;
  world.removeGroup(name);
  await world.under.engine.removeGroup('log', name);
}

/** To be called right before the engine is: both wait for the same flush, and the one that waits first goes on first. */
async function whenGroupIsMoved(world: LogWorld, name: string, start: GroupStart): Promise<void> {
  const { life } = world;
  await world.under.commit.flushed();
  if (life !== world.life) return;
  const group = world.log.groups.get(name);
  if (group === undefined) {
    world.addGroup(name).restart(isMeantBy(world, start));
    return;
  }
  world.loseAll(name);
  group.restart(isMeantBy(world, start));
  world.attendance(name);
}

/** As `whenGroupIsMoved`. */
export async function whenGroupIsMade(world: LogWorld, name: string, start: GroupStart): Promise<void> {
  const { life } = world;
  await world.under.commit.flushed();
  if (life === world.life) world.addGroup(name).restart(isMeantBy(world, start));
}

function isMeantBy({ log }: LogWorld, start: GroupStart): (entry: LogEntry) => boolean {
  if (start === 'earliest') return () => true;
  if (start === 'latest') return () => false;
  if ('sequence' in start) return ({ sequence }) => sequence >= Math.min(start.sequence, log.next);
  // What came later in the same millisecond as the first is meant too.
  return ({ at }) => at >= start.timeMs;
}
