import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type DriverFiles, readDriverFiles } from '../../config/codec-files.ts';
import type { ManifestExample } from '../../config/driver-folder.ts';
import { text } from '../../config/schema.ts';
import type { DecodeRequest, DecodeResult } from '../../pipeline/driver.ts';
import { isOwnWarning, shorten, toldOf, warningsMax } from '../../pipeline/driver-host/readings.ts';
import type { ShownDriver } from '../../pipeline/driver-shelf.ts';
import { timeOf } from '../../pipeline/event-time.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { silentLog } from '../../std/log.ts';
import { Api, path } from '../api.ts';
import { command } from '../command.ts';
import { apiOptions, value } from '../options.ts';
import { print } from '../print.ts';

/** Without a script where it is built in. */
type TestedDriver = Omit<DriverFiles, 'script'> & { readonly script: string | undefined };

interface ExampleResult {
  readonly description: string;
  readonly ok: boolean;
  readonly expected?: unknown;
  readonly met?: unknown;
  /** Why it could not be run. */
  readonly problem?: string;
}

export const testDriver = command({
  name: 'test',
  summary:
    'Runs a driver on its examples, in the same box as the server does, and fails where one becomes something else',
  note: 'What other makers keep is read as it is: a codec description of The Things Stack (…-codec.yaml), a test of ChirpStack (test_decode_….json), and a folder of the Payload Codec API of the LoRa Alliance (package.json, examples.json).',
  operands: [
    {
      name: 'DRIVER',
      sentence:
        'a folder with driver.json and codec.js, as driver new makes it, a description, or the id of a built-in driver',
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
    downlinkExamples: 0,
    normalizedExamples: 0,
    unusableExamples: [],
  };
}

async function asServed(driver: TestedDriver, version: string, api: Api): Promise<TestedDriver> {
  const { script } = await api.get<ShownDriver>(path`/v1/drivers/${driver.id}/${version}`);
  return { ...driver, version, script };
}

async function runExamples(driver: TestedDriver): Promise<readonly ExampleResult[]> {
  const { WorkerDriverHost } = await import('../../pipeline/driver-host/host.ts');
  const host = new WorkerDriverHost({ log: silentLog });
  await host.start();
  try {
    if (driver.script !== undefined) await host.add({ ...driver, script: driver.script });
    const results = await host.decode(driver.examples.map((example) => requestOf(driver, example)));
    return driver.examples.map((example, at) => judge(example, results[at]));
  } finally {
    await host.stop();
  }
}

function requestOf(
  { id, version, deviceType }: TestedDriver,
  { bytes, fPort, recvTime }: ManifestExample,
): DecodeRequest {
  return {
    driver: { id, version },
    bytes: Buffer.from(bytes, 'hex'),
    fPort,
    receivedAt: recvTime === undefined ? 0 : Date.parse(recvTime),
    topic: 'devices/example/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'example', type: deviceType, firmwareVersion: undefined, attributes: {} },
    schemas: {},
    schemaPolicy: 'off',
  };
}

function judge({ description, output }: ManifestExample, result: DecodeResult): ExampleResult {
  const { data, messages, warnings } = output;
  const errors = typeof output.errors === 'string' ? [output.errors] : output.errors;
  if (Array.isArray(errors) && errors.length > 0) {
    const met = result.ok ? plain(result.readings) : result.reason;
    return { description, ok: !result.ok && tellsAll(result.reason, errors.map(String)), expected: errors, met };
  }
  const expected = Array.isArray(messages) ? messages.map(withTime) : expectedOf(data);
  if (!result.ok) return { description, ok: false, expected, met: result.reason };
  const met = plain(result.readings);
  if (Array.isArray(warnings) && !isWarned(result.warnings, warnings)) {
    return { description, ok: false, expected: { warnings }, met: { warnings: result.warnings } };
  }
  return { description, ok: isSame(met, expected), expected, met };
}

function tellsAll(reason: string, errors: readonly string[]): boolean {
  return errors.every((error) => reason.includes(error)) || reason === toldOf(errors);
}

/** Warnings count where an example names some or none: as many and as long as they are kept, but for those of Sluice's own. */
function isWarned(met: readonly string[], expected: readonly JsonValue[]): boolean {
  const kept = expected.slice(0, warningsMax).map((warning) => shorten(String(warning)));
  return isDeepStrictEqual(
    met.filter((warning) => !isOwnWarning(warning)),
    kept,
  );
}

/** A list is an object with its places as names, as it is to the driver's host. */
function expectedOf(data: JsonValue | undefined): readonly JsonValue[] {
  if (Array.isArray(data)) return [{ data: { ...data } as unknown as JsonObject }];
  return isJsonObject(data) ? [{ data }] : [];
}

/** A reading's time as readings have it. */
function withTime(message: JsonValue): JsonValue {
  if (!isJsonObject(message)) return message;
  const time = timeOf(message.time);
  return time === undefined ? message : { ...message, time };
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Some makers hand on the time of receipt, which is a text with nanoseconds where their examples were made, and a Date here. */
function isSame(met: unknown, expected: unknown): boolean {
  return isDeepStrictEqual(inMilliseconds(met), inMilliseconds(expected));
}

function inMilliseconds(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, item) =>
    typeof item === 'string' && timeWithZone.test(item) ? new Date(item).toJSON() : item,
  );
}

const timeWithZone = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function format(
  { id, version, examplesFile, downlinkExamples, normalizedExamples }: TestedDriver,
  results: readonly ExampleResult[],
): string {
  const lines = results.flatMap(({ description, ok, expected, met, problem }) => {
    if (ok) return [`ok      ${description}`];
    const reasons =
      problem === undefined ? [`expected ${JSON.stringify(expected)}`, `met      ${JSON.stringify(met)}`] : [problem];
    return [`failed  ${description}`, ...reasons.map((reason) => `  ${reason}`)];
  });
  const passed = results.filter(({ ok }) => ok).length;
  const sum =
    results.length === 0
      ? `Add examples to ${examplesFile}: driver ${id} ${version} has none.`
      : `Driver ${id} ${version}: ${passed} of ${results.length} examples as expected.`;
  const left = [
    ...(downlinkExamples === 0 ? [] : [`Not run: ${downlinkExamples} examples of the way down.`]),
    ...(normalizedExamples === 0 ? [] : [`Not run: normalizeUplink, for ${normalizedExamples} of the examples.`]),
  ];
  return [...lines, ...left, sum].join('\n');
}
