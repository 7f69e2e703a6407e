/** The seed of a run: `SLUICE_SEED`, or a fixed one. A test names it when it fails. */
export const seed = number('SLUICE_SEED', 20_240_601);

/** How many generated inputs a test runs: the usual count times `SLUICE_FUZZ_SCALE`. */
export function inputCount(usual: number): number {
  return Math.ceil(usual * number('SLUICE_FUZZ_SCALE', 1));
}

function number(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`Set ${name} to a number from 0, not to "${text}"`);
  return value;
}
