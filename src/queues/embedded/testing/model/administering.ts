import assert from 'node:assert/strict';
import { resolveOptions } from '../../../resolve-options.ts';
import { liveByChance } from './options-by-chance.ts';
import type { World } from './world.ts';

export function advance(world: World): void {
  const ms = Math.floor(world.random.fraction() ** 3 * 12_000);
  world.under.clock.advance(ms);
  world.expireLeases();
}

export async function changeOptions(world: World, name: string): Promise<void> {
  const queue = world.queue(name);
  const before = queue.options;
  const changed = liveByChance(world.random, before, world.overflows);
  queue.change(resolveOptions(name, changed, before));
  world.history.add(() => queue.change(before));
  await world.under.engine.declare(name, changed);
}

/** What nobody held is gone, or was delivered in the meantime. */
export async function purge(world: World, name: string): Promise<void> {
  if (world.isCatchingUp) return;
  const queue = world.queue(name);
  const before = [...queue.messages.keys()].filter((id) => !queue.isHeld(id));
  world.isPurging = true;
  const purged = await world.under.engine.purge(name);
  const { messages } = await world.under.engine.browse(name, { from: 0, limit: 100_000 });
  const left = new Set(messages.map(({ message }) => message.payload.toString()));
  const gone = [...queue.messages.keys()].filter((id) => !left.has(id));
  assert.equal(purged, gone.length);
  world.history.durably(() => {
    for (const id of gone) queue.leave(id);
  });
  world.isPurging = false;
  for (const id of before) assert.ok(!queue.messages.has(id) || queue.isHeld(id), `${id} outlived a purge`);
}
