import assert from 'node:assert/strict';
import type { LogWorld } from './log-world.ts';

const leaseMs = 4_000;

/** Somebody takes some of the group by token. */
export async function lease(world: LogWorld, group: string): Promise<void> {
  if (!world.log.groups.has(group)) return;
  const { random, under } = world;
  const request = { consumerId: 'puller', group, max: random.between(1, 5), waitMs: 0, leaseMs };
  for (const one of await under.engine.lease('log', request)) {
    const { sequence, message, attempt } = one.delivery;
    world.delivered(group, sequence, message.payload.toString(), attempt, leaseMs);
    world.leasesOf(group).set(sequence, one);
  }
  world.attendance(group);
}

export async function settleLeased(world: LogWorld, group: string): Promise<void> {
  const leases = world.leasesOf(group);
  if (leases.size === 0) return;
  const [sequence, { token }] = world.random.pick([...leases]);
  leases.delete(sequence);
  world.attendance(group);
  const settlement = world.settlement();
  world.tell(group, sequence, settlement);
  const { engine } = world.under;
  assert.equal((await engine.settle('log', [token], settlement))[0].ok, true);
  assert.equal((await engine.settle('log', [token], settlement))[0].ok, false);
}
