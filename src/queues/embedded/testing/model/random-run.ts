import type { Random } from '../../../../std/testing/random.ts';
import type { StorageDouble } from '../../../../storage/testing/storage-double.ts';
import { turns } from '../../../testing/recording-consumer.ts';
import { checkAll, checkCounts } from './checks.ts';
import { operations } from './operations.ts';
import { World, worked } from './world.ts';

/** For tests: one seed is one run of random operations on an engine, checked against the reference after each. */
export async function randomRun(random: Random, steps: number, storage?: StorageDouble): Promise<void> {
  const world = new World(random, storage);
  await world.open();
  for (let step = 0; step < steps; step++) {
    try {
      await doOne(world);
      if (step % 20 === 0) await checkAll(world);
    } catch (problem) {
      throw new Error(`step ${step}: ${(problem as Error).message}`, { cause: problem });
    }
  }
  await checkAll(world);
  await world.under.close();
}

async function doOne(world: World): Promise<void> {
  const name = world.random.pick(worked);
  const operation = world.random.choose(operations);
  await operation(world, name);
  await turns(1);
  await checkCounts(world);
}
