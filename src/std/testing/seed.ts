import { Random } from './random.ts';

/** `SLUICE_SEED`: where the seeds of every random test begin. */
const firstSeed = number('SLUICE_SEED', 20_240_601);
/** `SLUICE_SCALE`: how many times the usual count of runs a random test makes; 0 is one run. */
const scale = number('SLUICE_SCALE', 1);

/** How many runs or inputs a random test makes. */
export function scaled(usual: number): number {
  return Math.max(1, Math.ceil(usual * scale));
}

/** Calls `run` for one seed after the other, `usual` times the scale. What it throws names the seed that does it again. */
export function forSeeds(usual: number, run: (random: Random) => void): void {
  const end = firstSeed + scaled(usual);
  for (let seed = firstSeed; seed < end; seed++) {
    try {
      run(new Random(seed));
    } catch (problem) {
      throw named(seed, problem);
    }
  }
}

/** As `forSeeds`, each run after the one before has ended. */
export async function forSeedsInTurn(usual: number, run: (random: Random) => Promise<void>): Promise<void> {
  const end = firstSeed + scaled(usual);
  for (let seed = firstSeed; seed < end; seed++) {
    try {
      await run(new Random(seed));
    } catch (problem) {
      throw named(seed, problem);
    }
  }
}

function named(seed: number, problem: unknown): Error {
  const what = problem instanceof Error ? problem.message : String(problem);
  return new Error(`SLUICE_SEED=${seed} SLUICE_SCALE=0 does this again: ${what}`, { cause: problem });
}

function number(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`Set ${name} to a number from 0, not to "${text}"`);
  return value;
}
