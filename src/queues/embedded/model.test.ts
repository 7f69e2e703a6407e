import { test } from 'node:test';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { RandomRun } from './testing/random-run.ts';

const steps = 10_000;

test(`after ${steps} random steps the engine agrees with the reference in all`, async () => {
  await forSeedsInTurn(1, (random) => new RandomRun(random).run(steps));
});

test(`after ${steps} random steps on storage in memory it does so too`, async () => {
  await forSeedsInTurn(2, (random) => new RandomRun(random, new StorageDouble()).run(steps));
});
