import { test } from 'node:test';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { StorageDouble } from '../../storage/testing/storage-double.ts';
import { randomRun } from './testing/model/random-run.ts';

const steps = 10_000;

test(`after ${steps} random steps the engine agrees with the reference in all`, async () => {
  await forSeedsInTurn(1, (random) => randomRun(random, steps));
});

test(`after ${steps} random steps on storage in memory it does so too`, async () => {
  await forSeedsInTurn(2, (random) => randomRun(random, steps, new StorageDouble()));
});
