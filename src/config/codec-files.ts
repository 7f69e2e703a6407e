import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import type { DriverCall } from '../pipeline/driver.ts';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import { systemReason } from '../std/system-reason.ts';
import { examplesOf, noExamples, type ReadExamples } from './codec-examples.ts';
import { type DriverFolder, manifestFile, readDriverFolder, scriptFile } from './driver-folder.ts';

/** A driver with its examples, in whatever form its maker keeps them. */
export interface DriverFiles extends Omit<DriverFolder, 'examples'>, ScriptFiles {
  /** Where its examples stand. */
  readonly examplesFile: string;
}

/**
 * Reads a driver by what the path is:
 *
 *   folder with driver.json                 Sluice's own form
 *   folder with package.json, examples.json  the LoRa Alliance's Payload Codec API (TS013)
 *   …-codec.yaml or codec….yaml, or a folder with one   the device repository of The Things Stack
 *   …/test_decode_….json, test_encode_….json  the device profiles of ChirpStack
 *   a script with one of these beside it
 *
 * Rejects with what is wrong with the files, one sentence a line.
 */
export async function readDriverFiles(path: string): Promise<DriverFiles> {
  if (isYaml.test(path)) return await readThingsStack(path);
  if (chirpStackTest.test(basename(path))) return await readChirpStack(path);
  if (isScript.test(path)) return (await readDescribed(path)) ?? readOwn(dirname(path));
  if (await exists(join(path, manifestFile))) return await readOwn(path);
  if (await exists(join(path, packageFile))) return await readPackage(path);
  const descriptions = await descriptionsIn(path);
  if (descriptions.length > 1) throw new Error(`Name one of these in ${path}: ${descriptions.join(', ')}`);
  if (descriptions.length === 1) return await readThingsStack(join(path, descriptions[0]));
  return await readOwn(path).catch((problem: Error) => {
    throw new Error(`${problem.message}. \`sluice driver new NAME\` makes the folder of a driver`, { cause: problem });
  });
}

export interface ScriptFiles extends ReadExamples {
  readonly script: string;
  /** What it is for, where a `driver.json` says so. */
  readonly purpose?: Pick<DriverFolder, 'deviceType' | 'firmware'> | undefined;
}

/** As `readDriverFiles`; a script without any description beside it has no examples. */
export async function readScriptFiles(path: string): Promise<ScriptFiles> {
  if (!isScript.test(path)) return await readDriverFiles(path);
  return (await readDescribed(path)) ?? { ...noExamples, script: await read(path) };
}

/** Undefined where nothing beside the script describes it. */
async function readDescribed(path: string): Promise<DriverFiles | undefined> {
  const folder = dirname(path);
  const name = basename(path).replace(isScript, '');
  const ways: readonly (readonly [described: string, read: (description: string) => Promise<DriverFiles>])[] = [
    [basename(path) === scriptFile ? manifestFile : '', () => readOwn(folder)],
    [`${name}-codec.yaml`, readThingsStack],
    [`${name}-codec.yml`, readThingsStack],
    [`test_decode_${name}.json`, readChirpStack],
    [await soleDescriptionOf(basename(path), folder), readThingsStack],
  ];
  for (const [description, readIt] of ways) {
    if (description === '' || !(await exists(join(folder, description)))) continue;
    const files = await readIt(join(folder, description));
    if (files.script === (await read(path))) return files;
  }
  return undefined;
}

async function readOwn(folder: string): Promise<DriverFiles> {
  const manifest = await readDriverFolder(folder);
  const { deviceType, firmware } = manifest;
  return { ...manifest, purpose: { deviceType, firmware }, examplesFile: manifestFile, unusableExamples: [] };
}

/** The description of The Things Stack that names the script, whatever its own name; empty where there is none, or several are. */
async function soleDescriptionOf(script: string, folder: string): Promise<string> {
  const found: string[] = [];
  for (const name of await descriptionsIn(folder)) {
    const text = await read(join(folder, name));
    if (Array.from(text.matchAll(nameOfScript), (match) => match[1]).includes(script)) found.push(name);
  }
  return found.length === 1 ? found[0] : '';
}

const nameOfScript = /^\s+fileName:[ \t]*["']?([^"'#\r\n]*?)["']?[ \t]*(?:#.*)?$/gm;

/** None where it is no folder. */
async function descriptionsIn(folder: string): Promise<readonly string[]> {
  if (!(await exists(folder)) || !(await stat(folder)).isDirectory()) return [];
  return (await readdir(folder)).filter((name) => /(?:-codec|^codec.*)\.ya?ml$/i.test(name)).sort();
}

const isYaml = /\.ya?ml$/i;
const isScript = /\.(c|m)?js$/i;
const packageFile = 'package.json';
const examplesFile = 'examples.json';
const chirpStackTest = /^test_(?:decode|encode)_(.+)\.json$/i;

/** What a description has beside `uplinkDecoder`. */
const waysDown: readonly (readonly [routine: string, call: DriverCall])[] = [
  ['downlinkEncoder', 'encodeDownlink'],
  ['downlinkDecoder', 'decodeDownlink'],
];

async function readThingsStack(file: string): Promise<DriverFiles> {
  const description = parse(await read(file), file);
  const decoder = isJsonObject(description) ? description.uplinkDecoder : undefined;
  if (!isJsonObject(decoder) || typeof decoder.fileName !== 'string') {
    throw new Error(`Name the script as uplinkDecoder.fileName in ${JSON.stringify(file)}: there is none`);
  }
  const { fileName } = decoder;
  const script = await read(join(dirname(file), fileName));
  const all = [routineExamples(decoder, 'uplinkDecoder', 'decodeUplink')];
  for (const [routine, call] of waysDown) {
    const given = (description as JsonObject)[routine];
    const found = routineExamples(given, routine, call);
    if (found !== noExamples) all.push(await withScript(found, file, fileName, given));
  }
  return {
    ...driverNamed(basename(file).replace(/(-codec)?\.ya?ml$/i, '')),
    script,
    ...together(all),
    examplesFile: basename(file),
  };
}

function routineExamples(routine: unknown, name: string, call: DriverCall): ReadExamples {
  if (!isJsonObject(routine)) return noExamples;
  const where = `${name}.examples`;
  return examplesOf(listOf(routine.examples, where), where, () => call);
}

/** The way down may be in a file of its own. Where it cannot be read, that is a matter of its examples alone. */
async function withScript(found: ReadExamples, file: string, own: string, routine: unknown): Promise<ReadExamples> {
  const { fileName } = routine as JsonObject;
  if (fileName === own) return found;
  try {
    if (typeof fileName !== 'string') throw new Error(`Name the script of these examples in ${JSON.stringify(file)}`);
    const script = await read(join(dirname(file), fileName));
    return { ...found, examples: found.examples.map((example) => ({ ...example, script })) };
  } catch (problem) {
    const { message } = problem as Error;
    const unread = found.examples.map(({ description }) => ({ description, problem: message }));
    return { examples: [], unusableExamples: [...unread, ...found.unusableExamples] };
  }
}

async function readChirpStack(file: string): Promise<DriverFiles> {
  const name = chirpStackTest.exec(basename(file))?.[1] ?? '';
  const all: ReadExamples[] = [];
  for (const [kind, call] of [
    ['decode', 'decodeUplink'],
    ['encode', 'encodeDownlink'],
  ] as const) {
    const tests = join(dirname(file), `test_${kind}_${name}.json`);
    if (!(await exists(tests))) continue;
    // ChirpStack runs these files as scripts, so some have comments and hexadecimal numbers.
    const parsed = parse((await read(tests)).replace(textOrComment, '$1'), tests);
    all.push(examplesOf(listOf(parsed, name).map(asExample), '', () => call));
  }
  return {
    ...driverNamed(name),
    script: await read(join(dirname(file), `${name}.js`)),
    ...together(all),
    examplesFile: basename(file),
  };
}

function asExample(test: unknown): unknown {
  return isJsonObject(test) ? { description: test.name, input: test.input, output: test.expected } : test;
}

const textOrComment = /("(?:[^"\\]|\\.)*")|\/\/.*|\/\*[\s\S]*?\*\//g;

async function readPackage(folder: string): Promise<DriverFiles> {
  const { name, version, main } = parse(await read(join(folder, packageFile)), join(folder, packageFile)) as JsonObject;
  const hasExamples = await exists(join(folder, examplesFile));
  const file = join(folder, examplesFile);
  const all = hasExamples ? listOf(parse(await read(file), file), examplesFile) : [];
  return {
    ...driverNamed(String(name ?? basename(folder))),
    ...(typeof version === 'string' ? { version } : {}),
    script: await read(join(folder, typeof main === 'string' ? main : 'index.js')),
    ...examplesOf(all, '', callOfType),
    examplesFile,
  };
}

/** `uplink`, or one of the two ways down, which what is given tells apart. */
function callOfType({ type, input }: JsonObject): DriverCall {
  if (type === undefined || type === 'uplink') return 'decodeUplink';
  return isJsonObject(input) && input.data !== undefined ? 'encodeDownlink' : 'decodeDownlink';
}

function together(all: readonly ReadExamples[]): ReadExamples {
  return {
    examples: all.flatMap(({ examples }) => examples),
    unusableExamples: all.flatMap(({ unusableExamples }) => unusableExamples),
  };
}

/** Where a maker's files give a driver no version of its own. */
function driverNamed(name: string): Pick<DriverFolder, 'id' | 'version' | 'deviceType' | 'firmware'> {
  const id = name
    .replace(/^@/, '')
    .replace(/[^A-Za-z0-9._:-]+/g, '-')
    .slice(0, 128);
  return { id, version: '0.0.0', deviceType: id, firmware: '*' };
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`Give ${where} as a list`);
}

/** JSON, which is YAML, or YAML. */
function parse(text: string, file: string): unknown {
  try {
    return parseYaml(text, { merge: true });
  } catch (cause) {
    throw new Error(`Cannot use ${JSON.stringify(file)}: ${(cause as Error).message}`, { cause });
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`Cannot read ${JSON.stringify(file)}: ${systemReason(cause as NodeJS.ErrnoException)}`, { cause });
  }
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
