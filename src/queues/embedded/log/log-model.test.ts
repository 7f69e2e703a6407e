import { test } from 'node:test';
import { forSeedsInTurn } from '../../../std/testing/seed.ts';
import { randomLogRun } from './testing/model/random-log-run.ts';

/** Of one seed, which is one choice of options. `bench/model.ts` makes many more. */
const steps = 1_000;

test(`after ${steps} random steps, power cuts among them, a log and its groups agree with the reference in all`, async () => {
  await forSeedsInTurn(10, async (random) => {
    await randomLogRun(random, steps);
  });
});
