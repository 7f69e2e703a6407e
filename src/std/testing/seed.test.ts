import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from './random.ts';
import { forSeeds, forSeedsInTurn } from './seed.ts';

test('what a run throws names its seed, and that seed gives the same numbers again', async () => {
  const numbers: number[] = [];
  const failThird = (random: Random): void => {
    numbers.push(random.below(1_000_000));
    if (numbers.length === 3) throw new Error('the third');
  };
  const named = (problem: unknown): boolean => {
    assert.match(String(problem), /SLUICE_SEED=(\d+) SLUICE_SCALE=0 does this again: the third/);
    const seed = Number(/SLUICE_SEED=(\d+)/.exec(String(problem))?.[1]);
    assert.equal(new Random(seed).below(1_000_000), numbers[2]);
    return true;
  };
  assert.throws(() => forSeeds(100, failThird), named);
  numbers.length = 0;
  await assert.rejects(
    forSeedsInTurn(100, async (random) => failThird(random)),
    named,
  );
});
