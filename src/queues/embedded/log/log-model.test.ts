import { test } from 'node:test';
import { forSeedsInTurn } from '../../../std/testing/seed.ts';
import { LogRun } from './testing/log-run.ts';

const steps = 300;

test(`after ${steps} random steps, power cuts among them, each group of a log has settled what it says`, async () => {
  await forSeedsInTurn(20, (random) => new LogRun(random).run(steps));
});
