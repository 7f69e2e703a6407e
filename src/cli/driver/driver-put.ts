import { resolve } from 'node:path';
import { readScriptFiles } from '../../config/codec-files.ts';
import { choice, decimal, text } from '../../config/schema.ts';
import { driverStages } from '../../devices/rollout.ts';
import type { ExampleResult } from '../../pipeline/codec-examples/example-judge.ts';
import { Api, ApiError, path } from '../api.ts';
import { command, type Terminal, UsageError } from '../command.ts';
import { apiOptions, switchable, value, valueOr } from '../options.ts';
import { print } from '../print.ts';
import { exampleLines } from './example-lines.ts';

export interface Warned {
  readonly warnings: readonly string[];
}

interface PutAnswer extends Warned {
  readonly failedExamples: readonly ExampleResult[];
}

export const driverOperands = [
  { name: 'DRIVER', sentence: 'the id of the driver' },
  { name: 'VERSION', sentence: 'its version, as semver' },
];
export const shareOption = valueOr(decimal(0, 1), 0.1, {
  placeholder: 'SHARE',
  sentence: 'Share of the devices that a canary has, from 0 to 1.',
});

export const put = command({
  name: 'put',
  summary: 'Brings in a driver: a script that defines decodeUplink(input), as The Things Stack has them',
  note: 'Examples of its description, or of one beside the script (driver.json, …-codec.yaml, test_decode_….json), are run first: where one fails the driver is refused.',
  operands: driverOperands,
  options: {
    file: value(text(), {
      short: 'f',
      placeholder: 'FILE',
      sentence: 'The script, or what driver test takes; needed.',
    }),
    'device-type': value(text(), {
      short: 't',
      placeholder: 'TYPE',
      sentence: 'Device type it is for; needed where no driver.json says it.',
    }),
    firmware: value(text(), {
      placeholder: 'RANGE',
      sentence: 'Firmware versions it is for, as a semver range; without it those of driver.json, else all.',
    }),
    stage: value(choice(...driverStages), {
      placeholder: 'STAGE',
      sentence: 'How far it is used to begin with; active without it.',
    }),
    share: shareOption,
    force: switchable({ sentence: 'Bring it in although examples fail.' }),
    ...apiOptions,
  },
  async run({ options, operands: [id, version], terminal }) {
    const { file, stage, share, force } = options;
    if (file === undefined) throw new UsageError('Give --file');
    const { script, examples, unusableExamples, purpose } = await readScriptFiles(resolve(terminal.cwd, file));
    const { 'device-type': deviceType = purpose?.deviceType, firmware = purpose?.firmware ?? '*' } = options;
    if (deviceType === undefined) throw new UsageError(`Give --device-type: no driver.json says it for "${file}"`);
    const api = new Api(options.url, options.token);
    const query = force ? '?acceptFailingExamples=true' : '';
    const at = `${path`/v1/drivers/${id}/${version}`}${query}`;
    const body = {
      deviceType,
      firmware,
      script,
      rollout: stage === undefined ? undefined : { stage, share },
      // Those of another script say nothing of this one.
      examples: examples.filter((example) => example.script === undefined),
      ...(unusableExamples.length > 0 && { unusableExamples }),
    };
    const answer = await sent(api.put<PutAnswer>(at, body), terminal);
    tell(terminal, answer.failedExamples);
    warn(terminal, answer);
    return print(terminal, options.json, answer, () => `Brought in driver ${id} ${version}.`);
  },
});

/** A refusal has the examples that failed: they are shown as driver test shows them. */
async function sent(answer: Promise<PutAnswer>, terminal: Terminal): Promise<PutAnswer> {
  try {
    return await answer;
  } catch (problem) {
    const failed = problem instanceof ApiError ? problem.details.failedExamples : undefined;
    if (!Array.isArray(failed)) throw problem;
    tell(terminal, failed);
    throw refusal();
  }
}

function refusal(): Error {
  return new Error('Mend the driver or its examples, or give --force: nothing was brought in');
}

function tell(terminal: Terminal, failed: readonly ExampleResult[]): void {
  for (const line of failed.flatMap(exampleLines)) terminal.err(line);
}

export function warn(terminal: Terminal, { warnings }: Warned): void {
  for (const warning of warnings) terminal.err(`Warning: ${warning}.`);
}
