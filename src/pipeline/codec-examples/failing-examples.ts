import { SluiceError } from '../../errors.ts';
import type { DriverMatch, DriverRef } from '../driver.ts';
import type { ExampleResult } from './example-judge.ts';
import { runExamples } from './example-run.ts';
import type { RunnableExample } from './runnable-example.ts';

/** What a driver that comes in has to show. */
export interface ExpectedExamples {
  readonly examples: readonly RunnableExample[];
  /** It comes in although some fail. */
  readonly acceptFailing: boolean;
}

/** Of those that failed; the others are as many as the message says. */
const namedMax = 20;
const characters = { expected: 500, description: 200 };

/**
 * Those that become something else. They run away from what decodes messages, so that a driver that is slow or loops holds up nothing. Rejects with
 * `invalid_argument` and each of them, unless failing ones are accepted.
 */
export async function failingExamples(
  driver: DriverRef & DriverMatch & { readonly script: string },
  { examples, acceptFailing }: ExpectedExamples,
): Promise<readonly ExampleResult[]> {
  if (examples.length === 0) return [];
  const failing = (await runExamples({ ...driver, examples })).filter(({ ok }) => !ok);
  if (failing.length > 0 && !acceptFailing) throw refusal(failing, examples.length);
  return failing;
}

function refusal(failing: readonly ExampleResult[], count: number): SluiceError {
  const [{ description, expected, met, problem }] = failing;
  const difference = problem ?? `expected ${shown(expected)}, met ${shown(met)}`;
  const first = JSON.stringify(description.slice(0, characters.description));
  return new SluiceError(
    'invalid_argument',
    `Mend the driver or its examples, or accept failing ones: ${failing.length} of ${count} become something else, the first is ${first}: ${difference}`,
    { detail: { failedExamples: failing.slice(0, namedMax) } },
  );
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, characters.expected);
}
