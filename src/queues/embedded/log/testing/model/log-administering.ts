import assert from 'node:assert/strict';
import { resolveOptions } from '../../../../resolve-options.ts';
import { quiesce } from './log-checks.ts';
import { stop } from './log-consuming.ts';
import { liveLogOptions } from './log-options-by-chance.ts';
import type { LogWorld } from './log-world.ts';

export function advance(world: LogWorld): void {
  world.advance(Math.floor(world.random.fraction() ** 3 * 12_000));
}

export async function changeOptions(world: LogWorld): Promise<void> {
  const given = liveLogOptions(world.random);
  world.log.change(resolveOptions('log', given, world.log.options));
  await world.under.engine.declare('log', given);
}

/** All that is there when it is asked for goes. */
export async function purge(world: LogWorld): Promise<void> {
  const { log, under } = world;
  const before = log.removed;
  log.purgeTo = log.next;
  const purged = await under.engine.purge('log');
  for (const sequence of log.present.keys()) assert.ok(sequence >= log.purgeTo, `${sequence} outlived a purge`);
  assert.ok(purged <= log.removed - before, `${purged} were purged, and ${log.removed - before} have gone`);
}

/** Nobody listens, or all have settled all, for so long that everything is compacted that can be. */
export async function letCompact(world: LogWorld): Promise<void> {
  const { log, random } = world;
  const isSettled = [...log.groups.values()].every(({ lag }) => lag.certain + lag.doubtful === 0);
  if (!isSettled || random.chance(50)) for (const consumer of [...world.consumers]) stop(world, consumer);
  await quiesce(world);
  // Leases by token end too, each of which was listened for.
  for (let second = 0; second < 7; second++) {
    world.advance(1_000);
    await quiesce(world);
  }
  const over = log.overdueCompacted.map(({ sequence }) => sequence);
  const { retention } = log.options;
  assert.deepEqual(over, [], `still there by ${JSON.stringify(retention)} of ${log.present.size} messages`);
}
