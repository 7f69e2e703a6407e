import { SluiceError } from '../../errors.ts';
import type { DriverMatch, DriverRef } from '../driver.ts';
import type { ExampleResult } from './example-judge.ts';
import { runExamples } from './example-run.ts';
import type { RunnableExample } from './runnable-example.ts';

/** What a driver that comes in has to show. */
export interface ExpectedExamples {
  readonly examples: readonly RunnableExample[];
  /** Those that whoever brings it could not read: each counts as one that fails. */
  readonly unusable?: readonly UnusableExample[];
  /** It comes in although some fail. */
  readonly acceptFailing: boolean;
}

export interface UnusableExample {
  readonly description: string;
  readonly problem: string;
}

/** Of those that failed: in a refusal the others are as many as the message says, in an answer they are shown shortened. */
const namedMax = 20;
const characters = { expected: 500, description: 200 };

/**
 * Those that become something else. They run away from what decodes messages, so that a driver that is slow or loops holds up nothing. Rejects with
 * `invalid_argument` and each of them, unless failing ones are accepted.
 */
export async function failingExamples(
  driver: DriverRef & DriverMatch & { readonly script: string },
  { examples, unusable = [], acceptFailing }: ExpectedExamples,
): Promise<readonly ExampleResult[]> {
  const failing: ExampleResult[] = unusable.map((each) => ({ ...each, ok: false }));
  if (examples.length > 0) {
    const results = await runExamples({ ...driver, examples }, toKeep());
    failing.push(...results.filter(({ ok }) => !ok));
  }
  if (failing.length > 0 && !acceptFailing) throw refusal(failing, examples.length + unusable.length);
  return failing;
}

/** A script may answer a quarter of a megabyte to each of a thousand: that is kept of the first ones only. */
function toKeep(): (result: ExampleResult) => ExampleResult {
  let failing = 0;
  return (result) => {
    const { description, ok } = result;
    if (ok) return { description, ok };
    return ++failing <= namedMax ? result : { description, ok, problem: differenceOf(result) };
  };
}

function differenceOf({ expected, met, problem }: ExampleResult): string {
  return problem ?? `expected ${shown(expected)}, met ${shown(met)}`;
}

function refusal(failing: readonly ExampleResult[], count: number): SluiceError {
  const difference = differenceOf(failing[0]);
  const first = JSON.stringify(failing[0].description.slice(0, characters.description));
  return new SluiceError(
    'invalid_argument',
    `Mend the driver or its examples, or accept failing ones: ${failing.length} of ${count} become something else, the first is ${first}: ${difference}`,
    { detail: { failedExamples: failing.slice(0, namedMax) } },
  );
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, characters.expected);
}
