import { parked, type World } from './world.ts';

const runningMax = 6;

/** Dead letters back to their queue: all, or some, and some of these slowly. */
export function replay(world: World, name: string): Promise<void> | undefined {
  return startByChance(world, `${name}.dead`, name);
}

/** To where nobody takes them from, or back. */
export function park(world: World): Promise<void> | undefined {
  return world.random.chance(50) ? startByChance(world, 'a', parked) : startByChance(world, parked, 'a');
}

export async function cancelMove(world: World): Promise<void> {
  const { moves, copies, random, under } = world;
  const running = [...moves.running.keys(), ...copies.running.keys()];
  if (running.length === 0) return;
  const id = random.pick(running);
  if (copies.running.has(id)) await copies.cancel(id);
  else await under.engine.cancelMove(id);
}

/** One that was cancelled goes on. */
export async function resumeMove(world: World): Promise<void> {
  const { moves, copies, random } = world;
  const cancelled = [...moves.cancelled.keys(), ...copies.cancelled.keys()].filter((id) => moves.isKept(id));
  if (cancelled.length === 0) return;
  const id = random.pick(cancelled);
  await (copies.cancelled.has(id) ? copies : moves).resume(id);
}

function startByChance(world: World, from: string, to: string): Promise<void> | undefined {
  const { random, moves } = world;
  if (moves.running.size >= runningMax) return undefined;
  const digit = random.chance(40) ? undefined : String(random.below(10));
  return moves.start(from, to, digit, random.chance(30) ? random.pick([1, 10, 100]) : undefined);
}
