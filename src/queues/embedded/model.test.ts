import { test } from 'node:test';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { RandomRun } from './testing/random-run.ts';

const steps = 10_000;

test(`after ${steps} random steps the engine agrees with the reference in all`, async () => {
  await forSeedsInTurn(2, (random) => new RandomRun(random).run(steps));
});
