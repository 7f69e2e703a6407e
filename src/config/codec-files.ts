import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import { systemReason } from '../std/system-reason.ts';
import { type DriverFolder, type ManifestExample, manifestFile, readDriverFolder } from './driver-folder.ts';

/** A driver with its examples, in whatever form its maker keeps them. */
export interface DriverFiles extends DriverFolder {
  /** Where its examples stand. */
  readonly examplesFile: string;
  /** Examples of the way down, which are not run. */
  readonly downlinkExamples: number;
  /** Of the examples, those that also say what `normalizeUplink` makes of the readings: it is not run. */
  readonly normalizedExamples: number;
  /** Examples that say too little to be run; the others are, and the script is none the worse. */
  readonly unusableExamples: readonly UnusableExample[];
}

export interface UnusableExample {
  readonly description: string;
  readonly problem: string;
}

/**
 * Reads a driver by what the path is:
 *
 *   folder with driver.json                 Sluice's own form
 *   folder with package.json, examples.json  the LoRa Alliance's Payload Codec API (TS013)
 *   …-codec.yaml                            the device repository of The Things Stack
 *   …/test_decode_….json                    the device profiles of ChirpStack
 *
 * Rejects with what is wrong with the files, one sentence a line.
 */
export async function readDriverFiles(path: string): Promise<DriverFiles> {
  if (/\.ya?ml$/i.test(path)) return await readThingsStack(path);
  if (chirpStackTest.test(basename(path))) return await readChirpStack(path);
  if (!(await exists(join(path, manifestFile))) && (await exists(join(path, packageFile)))) return readPackage(path);
  return { ...(await readDriverFolder(path)), examplesFile: manifestFile, ...noOtherExamples };
}

/** The script of a driver that `readDriverFiles` can read, or the file itself where it is a script. */
export async function readScript(path: string): Promise<string> {
  return /\.(c|m)?js$/i.test(path) ? await read(path) : (await readDriverFiles(path)).script;
}

const noOtherExamples = { downlinkExamples: 0, normalizedExamples: 0, unusableExamples: [] };
const packageFile = 'package.json';
const examplesFile = 'examples.json';
const chirpStackTest = /^test_decode_(.+)\.json$/i;

async function readThingsStack(file: string): Promise<DriverFiles> {
  const description = parse(await read(file), file);
  const decoder = isJsonObject(description) ? description.uplinkDecoder : undefined;
  if (!isJsonObject(decoder) || typeof decoder.fileName !== 'string') {
    throw new Error(`Name the script as uplinkDecoder.fileName in ${JSON.stringify(file)}: there is none`);
  }
  const { downlinkEncoder, downlinkDecoder } = description as JsonObject;
  return {
    ...driverNamed(basename(file).replace(/(-codec)?\.ya?ml$/i, '')),
    script: await read(join(dirname(file), decoder.fileName)),
    ...examplesOf(listOf(decoder.examples, 'uplinkDecoder.examples'), 'uplinkDecoder.examples'),
    examplesFile: basename(file),
    downlinkExamples: countOf(downlinkEncoder) + countOf(downlinkDecoder),
  };
}

async function readChirpStack(file: string): Promise<DriverFiles> {
  const name = chirpStackTest.exec(basename(file))?.[1] ?? '';
  // ChirpStack runs these files as scripts, so some have comments and hexadecimal numbers.
  const tests = parse((await read(file)).replace(textOrComment, '$1'), file);
  return {
    ...driverNamed(name),
    script: await read(join(dirname(file), `${name}.js`)),
    ...examplesOf(
      listOf(tests, name).map((each) =>
        isJsonObject(each) ? { description: each.name, input: each.input, output: each.expected } : each,
      ),
      '',
    ),
    examplesFile: basename(file),
    downlinkExamples: 0,
  };
}

const textOrComment = /("(?:[^"\\]|\\.)*")|\/\/.*|\/\*[\s\S]*?\*\//g;

async function readPackage(folder: string): Promise<DriverFiles> {
  const { name, version, main } = parse(await read(join(folder, packageFile)), join(folder, packageFile)) as JsonObject;
  const hasExamples = await exists(join(folder, examplesFile));
  const file = join(folder, examplesFile);
  const all = hasExamples ? listOf(parse(await read(file), file), examplesFile) : [];
  const uplinks = all.filter((each) => !isJsonObject(each) || each.type === 'uplink' || each.type === undefined);
  return {
    ...driverNamed(String(name ?? basename(folder))),
    ...(typeof version === 'string' ? { version } : {}),
    script: await read(join(folder, typeof main === 'string' ? main : 'index.js')),
    ...examplesOf(uplinks, ''),
    examplesFile,
    downlinkExamples: all.length - uplinks.length,
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

function examplesOf(
  all: readonly unknown[],
  where: string,
): Pick<DriverFiles, 'examples' | 'normalizedExamples' | 'unusableExamples'> {
  const normalizedExamples = all.filter((each) => isJsonObject(each) && each.normalizedOutput !== undefined).length;
  const examples: ManifestExample[] = [];
  const unusableExamples: UnusableExample[] = [];
  for (const [at, each] of all.entries()) {
    const example = exampleOf(each, `${where}[${at}]`);
    if ('problem' in example) unusableExamples.push(example);
    else examples.push(example);
  }
  return { examples, normalizedExamples, unusableExamples };
}

function exampleOf(example: unknown, where: string): ManifestExample | UnusableExample {
  const description = String((isJsonObject(example) ? example.description : undefined) ?? where);
  if (!isJsonObject(example) || !isJsonObject(example.input) || !isJsonObject(example.output)) {
    return { description, problem: `Give ${where} an input and an output, each an object` };
  }
  const { fPort, recvTime, bytes } = example.input;
  const hex = hexOf(bytes);
  if (hex === undefined) return cannotUse('bytes', 'a list of bytes', bytes);
  // A port may be a text; without one it may be null.
  const port = fPort === undefined || fPort === null ? undefined : Number(fPort);
  if (port !== undefined && !isByte(port)) return cannotUse('fPort', '0 to 255', fPort);
  return {
    description,
    fPort: port,
    recvTime: typeof recvTime === 'string' ? recvTime : undefined,
    bytes: hex,
    output: example.output,
  };

  function cannotUse(field: string, expected: string, met: unknown): UnusableExample {
    const shown = JSON.stringify(met)?.slice(0, 80);
    return { description, problem: `Cannot use ${where}.input.${field}: expected ${expected}, met ${shown}` };
  }
}

/** Numbers, or all of them texts of two hexadecimal digits; a list of both may mean 10 or 0x10 by `10`. */
function hexOf(bytes: unknown): string | undefined {
  const hex = Array.isArray(bytes) && bytes.every(isTextOfByte) ? bytes.join('') : bytes;
  if (typeof hex === 'string') return /^([0-9a-f]{2})*$/i.test(hex) ? hex : undefined;
  return Array.isArray(hex) && hex.every(isByte) ? Buffer.from(hex).toString('hex') : undefined;
}

function isTextOfByte(value: unknown): boolean {
  return typeof value === 'string' && value.length === 2;
}

function isByte(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
}

function listOf(value: unknown, where: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`Give ${where} as a list`);
}

function countOf(routine: unknown): number {
  return isJsonObject(routine) && Array.isArray(routine.examples) ? routine.examples.length : 0;
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
