import assert from 'node:assert/strict';
import type { GivenQueueOptions, QueueOptions } from '../../../options.ts';
import { resolveOptions } from '../../../resolve-options.ts';
import { durabilityByChance, liveByChance } from './options-by-chance.ts';
import { idOf } from './published.ts';
import type { World } from './world.ts';

export function advance(world: World): void {
  const ms = Math.floor(world.random.fraction() ** 3 * 12_000);
  world.under.clock.advance(ms);
  world.expireLeases();
}

export async function changeOptions(world: World, name: string): Promise<void> {
  const queue = world.queue(name);
  const before = queue.options;
  const { durability } = before;
  const isOther = world.random.chance(15) && !(keepsKeys(before) && world.isCatchingUp);
  const changed: GivenQueueOptions = {
    ...liveByChance(world.random, before, world.overflows),
    durability: isOther ? durabilityByChance(world.random, world.overflows) : durability,
  };
  const isRefused =
    keepsKeys(before) && queue.messages.size > 0 && (durability === 'memory') !== (changed.durability === 'memory');
  if (isRefused) {
    await assert.rejects(world.under.engine.declare(name, changed), { code: 'conflict' });
    return;
  }
  queue.change(resolveOptions(name, changed, before));
  world.history.add(() => queue.change(before));
  await world.under.engine.declare(name, changed);
}

/** Such a queue begins and ends to write while it is empty. */
function keepsKeys({ ordering, lastValue }: QueueOptions): boolean {
  return ordering !== 'none' || lastValue.key !== null;
}

/** What nobody held is gone, or was delivered in the meantime. */
export async function purge(world: World, name: string): Promise<void> {
  if (world.isCatchingUp) return;
  const queue = world.queue(name);
  const before = [...queue.messages.keys()].filter((id) => !queue.isHeld(id));
  world.isPurging = true;
  const purged = await world.under.engine.purge(name);
  const { messages } = await world.under.engine.browse(name, { from: 0, limit: 100_000 });
  const left = new Set(messages.map(({ message }) => idOf(message)));
  const gone = [...queue.messages.keys()].filter((id) => !left.has(id));
  assert.equal(purged, gone.length);
  world.history.durably(() => {
    for (const id of gone) queue.leave(id);
  });
  world.isPurging = false;
  for (const id of before) assert.ok(!queue.messages.has(id) || queue.isHeld(id), `${id} outlived a purge`);
}
