import type { Random } from '../../../../std/testing/random.ts';
import type { StorageDouble } from '../../../../storage/testing/storage-double.ts';
import { turns } from '../../../testing/recording-consumer.ts';
import { checkAll, checkCounts } from './checks.ts';
import { operations } from './operations.ts';
import { World, worked } from './world.ts';

/** What a run has done, so that one can see that it did something. */
export type RunCounts = Readonly<Record<string, number>>;

/** For tests: one seed is one run of random operations on an engine, checked against the reference after each. */
export async function randomRun(random: Random, steps: number, storage?: StorageDouble): Promise<RunCounts> {
  const world = new World(random, storage);
  const counts = await runSteps(world, steps, doOne, checkAll);
  return { ...counts, copied: world.copies.brought };
}

/** A world that random operations are done to, and what has gone wrong in it meanwhile. */
export interface SteppedWorld {
  readonly under: { close(): Promise<void> };
  readonly problem: unknown;
  readonly published: number;
  readonly deliveries: number;
  open(): Promise<void>;
}

/** Opens the world, does so many operations, looks at everything behind every twentieth, and closes it. `doOne` answers what it did. */
export async function runSteps<W extends SteppedWorld>(
  world: W,
  steps: number,
  doOne: (world: W) => Promise<string>,
  checkAll: (world: W) => Promise<void>,
): Promise<RunCounts> {
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

async function doOne(world: World): Promise<string> {
  const name = world.random.pick(worked);
  const operation = world.random.choose(operations);
  await operation(world, name);
  await turns(1);
  if (world.problem !== undefined) throw world.problem;
  await checkCounts(world);
  return operation.name;
}
