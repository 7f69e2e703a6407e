import { parseArgs } from 'node:util';

/** A whole-number flag: its least value and its default. */
export interface NumberFlag {
  readonly min: number;
  readonly default: number;
}

/** Reads flags that are whole numbers, and `--write`. Undefined where the help was asked for; throws for what is not a number. */
export function parseNumbers<F extends Readonly<Record<string, NumberFlag>>>(
  flags: F,
): ({ readonly [K in keyof F]: number } & { readonly write: boolean }) | undefined {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({
    options: { ...options, write: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  });
  const given = values as Readonly<Record<string, string | boolean | undefined>>;
  if (given.help === true) return undefined;
  const numbers = Object.entries(flags).map(([name, flag]) => [name, wholeNumber(name, flag, given[name])]);
  return { ...Object.fromEntries(numbers), write: given.write === true };
}

function wholeNumber(name: string, flag: NumberFlag, given: string | boolean | undefined): number {
  const value = given === undefined ? flag.default : Number(given);
  if (Number.isInteger(value) && value >= flag.min) return value;
  throw new Error(`Expected --${name} to be a whole number from ${flag.min}: met "${given}"`);
}
