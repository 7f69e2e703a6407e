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
  const running = [...world.moves.running.keys()];
  if (running.length > 0) await world.under.engine.cancelMove(world.random.pick(running));
}

/** One that was cancelled goes on. */
export async function resumeMove(world: World): Promise<void> {
  const { cancelled } = world.moves;
  if (cancelled.size > 0) await world.moves.resume(world.random.pick([...cancelled.keys()]));
}

function startByChance(world: World, from: string, to: string): Promise<void> | undefined {
  const { random, moves } = world;
  if (moves.running.size >= runningMax) return undefined;
  const digit = random.chance(40) ? undefined : String(random.below(10));
  return moves.start(from, to, digit, random.chance(30) ? random.pick([1, 10, 100]) : undefined);
}
