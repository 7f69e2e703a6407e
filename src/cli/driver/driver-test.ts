import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type DriverFiles, readDriverFiles } from '../../config/codec-files.ts';
import { text } from '../../config/schema.ts';
import type { ExampleResult } from '../../pipeline/codec-examples/example-judge.ts';
import type { ShownDriver } from '../../pipeline/driver-shelf.ts';
import { Api, path } from '../api.ts';
import { command } from '../command.ts';
import { apiOptions, value } from '../options.ts';
import { print } from '../print.ts';
import { exampleLines } from './example-lines.ts';

/** Without a script where it is built in. */
type TestedDriver = Omit<DriverFiles, 'script'> & { readonly script: string | undefined };

export const testDriver = command({
  name: 'test',
  summary:
    'Runs a driver on its examples, in the same box as the server does, and fails where one becomes something else',
  note: 'What other makers keep is read as it is: a codec description of The Things Stack (…-codec.yaml), tests of ChirpStack (test_decode_….json, and test_encode_….json beside it), and a folder of the Payload Codec API of the LoRa Alliance (package.json, examples.json). Their examples of normalizeUplink, encodeDownlink and decodeDownlink are run as well.',
  operands: [
    {
      name: 'DRIVER',
      sentence:
        'a folder with driver.json and codec.js, as driver new makes it, a description, its script or folder, or the id of a built-in driver',
    },
  ],
  options: {
    served: value(text(), {
      placeholder: 'VERSION',
      sentence: 'Runs this version of the driver as a server has it, instead of the script that is here.',
    }),
    ...apiOptions,
  },
  async run({ options: { served, ...options }, operands: [name], terminal }) {
    const here = (await builtIn(name, terminal.cwd)) ?? (await readDriverFiles(resolve(terminal.cwd, name)));
    const driver = served === undefined ? here : await asServed(here, served, new Api(options.url, options.token));
    // Loaded here, so that the other commands start without what runs drivers.
    const { runExamples } = await import('../../pipeline/codec-examples/example-run.ts');
    const unusable = driver.unusableExamples.map((example) => ({ ...example, ok: false }));
    const results: readonly ExampleResult[] = [...(await runExamples(driver)), ...unusable];
    print(terminal, options.json, { driver: driver.id, version: driver.version, results }, () =>
      format(driver, results),
    );
    return results.length > 0 && results.every(({ ok }) => ok) ? 0 : 1;
  },
});

/** A file or folder of that name goes first. */
async function builtIn(name: string, cwd: string): Promise<TestedDriver | undefined> {
  if (existsSync(resolve(cwd, name))) return undefined;
  // Loaded here, so that the other commands start without what runs drivers.
  const { builtInDrivers } = await import('../../pipeline/drivers/index.ts');
  const driver = builtInDrivers.findLast(({ id }) => id === name);
  if (driver === undefined) return undefined;
  const { id, version, match, examples } = driver;
  return {
    id,
    version,
    ...match,
    script: undefined,
    examples: examples.map((example) => ({ fPort: undefined, recvTime: undefined, ...example })),
    examplesFile: 'its source',
    unusableExamples: [],
  };
}

async function asServed(driver: TestedDriver, version: string, api: Api): Promise<TestedDriver> {
  const { script } = await api.get<ShownDriver>(path`/v1/drivers/${driver.id}/${version}`);
  return { ...driver, version, script };
}

function format({ id, version, examplesFile }: TestedDriver, results: readonly ExampleResult[]): string {
  const passed = results.filter(({ ok }) => ok).length;
  const sum =
    results.length === 0
      ? `Add examples to ${examplesFile}: driver ${id} ${version} has none.`
      : `Driver ${id} ${version}: ${passed} of ${results.length} examples as expected.`;
  return [...results.flatMap(exampleLines), sum].join('\n');
}
