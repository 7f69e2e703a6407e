import { test } from 'node:test';
import { RandomRun } from './testing/random-run.ts';

const steps = Number(process.env.MODEL_STEPS ?? 20_000);
const seeds = process.env.SEED === undefined ? [1, Math.floor(Math.random() * 2 ** 32)] : [Number(process.env.SEED)];

for (const seed of seeds) {
  test(`after ${steps} random steps the engine agrees with the reference in all (SEED=${seed})`, async () => {
    await new RandomRun(seed).run(steps / seeds.length);
  });
}
