import { test } from 'node:test';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { randomRun } from './testing/model/random-run.ts';

/** Of one seed, which is one choice of options. `bench/model.ts` makes a million of them. */
const steps = 3_000;

test(`after ${steps} random steps the engine agrees with the reference in all`, async () => {
  await forSeedsInTurn(1, async (random) => {
    await randomRun(random, steps);
  });
});

test(`after ${steps} random steps on storage that loses what is not flushed it does so too`, async () => {
  await forSeedsInTurn(5, async (random) => {
    await randomRun(random, steps, new StorageDouble());
  });
});
