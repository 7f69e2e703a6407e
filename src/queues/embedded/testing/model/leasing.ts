import assert from 'node:assert/strict';
import { idOf } from './published.ts';
import type { World } from './world.ts';

const leaseMs = 4_000;

export async function lease(world: World, name: string): Promise<void> {
  const { random, under } = world;
  const max = random.between(1, 6);
  const holder = random.pick(['x', 'y']);
  world.begins(name, holder);
  const request = { consumerId: holder, max, waitMs: 0, leaseMs };
  for (const one of await under.engine.lease(name, request)) {
    const id = idOf(one.delivery.message);
    world.delivered(name, holder, id, one.delivery.attempt, leaseMs);
    world.leasesOf(name).set(id, { ...one, holder });
  }
  world.unleased(name, '', holder);
}

export async function settleLeased(world: World, name: string): Promise<void> {
  const leases = world.leasesOf(name);
  if (leases.size === 0) return;
  const [id, { token }] = world.random.pick([...leases]);
  world.unleased(name, id);
  const settlement = world.settlement();
  world.tell(name, id, settlement);
  const { engine } = world.under;
  assert.equal((await engine.settle(name, [token], settlement))[0].ok, true);
  assert.equal((await engine.settle(name, [token], settlement))[0].ok, false);
}
