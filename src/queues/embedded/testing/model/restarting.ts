import assert from 'node:assert/strict';
import { turns } from '../../../testing/recording-consumer.ts';
import type { World } from './world.ts';

/** A clean one, or a crash after all was flushed. */
export async function restart(world: World): Promise<void> {
  if (world.random.chance(50)) {
    await world.under.reopen();
    // Consumers give back what they hold, which is no more where a newer value is there.
    for (const queue of world.queues.values()) queue.supersededLeave();
  } else {
    await world.under.crash();
  }
  assert.equal(world.receipts + world.line.all.length, world.published, 'receipts are missing');
  world.reborn();
}

/** Loses what is not flushed, in the turn in which something was just done or a few later. */
export async function cutPower(world: World): Promise<void> {
  if (!world.hasPowerCuts) return;
  await turns(world.random.below(3));
  const opened = world.under.cutPower();
  world.history.cutPower();
  world.life++;
  await opened;
  world.reborn();
}
