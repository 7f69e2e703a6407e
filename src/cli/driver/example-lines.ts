import type { ExampleResult } from '../../pipeline/codec-examples/example-judge.ts';

/** How one example came out, with the difference below it. */
export function exampleLines({ description, ok, expected, met, problem }: ExampleResult): readonly string[] {
  if (ok) return [`ok      ${description}`];
  const reasons =
    problem === undefined ? [`expected ${JSON.stringify(expected)}`, `met      ${JSON.stringify(met)}`] : [problem];
  return [`failed  ${description}`, ...reasons.map((reason) => `  ${reason}`)];
}
