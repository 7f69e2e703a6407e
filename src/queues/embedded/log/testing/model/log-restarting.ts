import assert from 'node:assert/strict';
import { turns } from '../../../../testing/recording-consumer.ts';
import { changeOptions, purge } from './log-administering.ts';
import { seek } from './log-seeking.ts';
import type { LogWorld } from './log-world.ts';

/** A clean one, or a crash after all was flushed. */
export async function restart(world: LogWorld): Promise<void> {
  if (world.random.chance(50)) await world.under.reopen();
  else await world.under.crash();
  assert.equal(world.receipts, world.published, 'receipts are missing');
  world.reborn();
}

/** Loses what is not flushed, perhaps in the middle of something that takes several commits. */
export async function cutPower(world: LogWorld, name: string): Promise<void> {
  const begun = world.random.pick([undefined, undefined, seek, purge, changeOptions]);
  // It never comes to its end, and how it fails after the cut is of no interest.
  const { life } = world;
  begun?.(world, name).catch((problem) =>
    world.told(life, () => {
      throw problem;
    }),
  );
  await turns(world.random.below(6));
  const opened = world.under.cutPower();
  world.history.cutPower();
  world.life++;
  await opened;
  world.reborn();
}
