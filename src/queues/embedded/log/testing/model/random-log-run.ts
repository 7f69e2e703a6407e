import type { Random } from '../../../../../std/testing/random.ts';
import { turns } from '../../../../testing/recording-consumer.ts';
import type { RunCounts } from '../../../testing/model/random-run.ts';
import { checkAll, checkCounts } from './log-checks.ts';
import { logOperations } from './log-operations.ts';
import { groupNames, LogWorld } from './log-world.ts';

/** For tests: one seed is one run of random operations on a log, checked against the reference after each. */
export async function randomLogRun(random: Random, steps: number): Promise<RunCounts> {
  const world = new LogWorld(random);
  const counts: Record<string, number> = {};
  await world.open();
  for (let step = 0; step < steps; step++) {
    try {
      const done = await doOne(world);
      counts[done] = (counts[done] ?? 0) + 1;
      if (step % 20 === 0) await checkAll(world);
    } catch (problem) {
      const first = world.problem ?? problem;
      throw new Error(`step ${step}: ${(first as Error).message}`, { cause: first });
    }
  }
  await checkAll(world);
  await world.under.close();
  return { ...counts, messages: world.published, deliveries: world.deliveries };
}

async function doOne(world: LogWorld): Promise<string> {
  const group = world.random.pick(groupNames);
  const operation = world.random.choose(logOperations);
  await operation(world, group);
  await turns(1);
  if (world.problem !== undefined) throw world.problem;
  // A cut can come at any time, so not everything is flushed before the next.
  if (world.random.chance(70)) await checkCounts(world);
  return operation.name;
}
