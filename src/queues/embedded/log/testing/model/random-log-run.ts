import type { Random } from '../../../../../std/testing/random.ts';
import { turns } from '../../../../testing/recording-consumer.ts';
import { type RunCounts, runSteps } from '../../../testing/model/random-run.ts';
import { checkAll, checkCounts } from './log-checks.ts';
import { logOperations } from './log-operations.ts';
import { groupNames, LogWorld } from './log-world.ts';

/** For tests: one seed is one run of random operations on a log, checked against the reference after each. */
export async function randomLogRun(random: Random, steps: number): Promise<RunCounts> {
  return runSteps(new LogWorld(random), steps, doOne, checkAll);
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
