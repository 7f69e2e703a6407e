import assert from 'node:assert/strict';
import { turns } from '../../../testing/recording-consumer.ts';
import type { World } from './world.ts';

export function advance(world: World): void {
  const ms = Math.floor(world.random.fraction() ** 3 * 12_000);
  world.under.clock.advance(ms);
  world.expireLeases();
}

export async function changeOptions(world: World, name: string): Promise<void> {
  const changed = {
    paused: world.random.chance(20),
    maxInflight: world.random.between(5, 34),
    dispatch: world.random.pick(['least_inflight', 'round_robin'] as const),
  };
  const queue = world.queue(name);
  queue.options = { ...queue.options, ...changed };
  await world.under.engine.declare(name, changed);
}

/** Dead letters back to their queue: all, or those that match. */
export async function replay(world: World, name: string): Promise<void> {
  const dead = world.queue(`${name}.dead`);
  const digit = String(world.random.below(10));
  const all = world.random.chance(50);
  const matches = (id: string): boolean => all || id.endsWith(digit);
  const expected = [...dead.messages.keys()].filter(matches);
  // Back in its queue a message can be delivered before the move has ended.
  for (const id of expected) {
    dead.removed(id);
    world.queue(name).enqueue(id, false);
  }
  const filter = all ? {} : { headers: { digit } };
  const { id } = await world.under.engine.startMove({ from: `${name}.dead`, filter });
  const { moved } = await world.under.engine.moveStatus(id, 1);
  assert.equal(moved, expected.length);
}

export async function purge(world: World, name: string): Promise<void> {
  // Whatever can be delivered has been, so that nothing is while the purge runs.
  await world.under.commit.flushed();
  await turns();
  const queue = world.queue(name);
  const gone = [...queue.messages.values()].filter(({ deadline }) => deadline === undefined);
  assert.equal(await world.under.engine.purge(name), gone.length);
  for (const { id } of gone) queue.removed(id);
}

/** A clean one, or a crash after all was flushed. */
export async function restart(world: World): Promise<void> {
  await (world.random.chance(50) ? world.under.reopen() : world.under.crash());
  assert.equal(world.receipts, world.published, 'receipts are missing');
  world.forgetConsumers();
  for (const [name, queue] of world.queues) {
    queue.reopened();
    world.base.set(name, { enqueued: queue.enqueued, left: queue.left });
  }
  world.under.clock.advance(0);
}
