import type { DriverCall } from '../pipeline/driver.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../std/json.ts';
import type { ManifestExample } from './driver-folder.ts';

/** What one call of one function has to become. */
export interface CodecExample extends Omit<ManifestExample, 'call'> {
  /** `decodeUplink` where absent. */
  readonly call?: DriverCall | undefined;
  /** What there is to encode. */
  readonly data?: JsonObject;
  /** What else its maker has in the input, which whoever runs the example there hands on as it is. */
  readonly input?: JsonObject;
  /** The script that it is for, where that is not the driver's own. */
  readonly script?: string;
}

export interface UnusableExample {
  readonly description: string;
  readonly problem: string;
}

export interface ReadExamples {
  readonly examples: readonly CodecExample[];
  /** Examples that say too little to be run; the others are, and the script is none the worse. */
  readonly unusableExamples: readonly UnusableExample[];
}

export const noExamples: ReadExamples = { examples: [], unusableExamples: [] };

/** Reads what makers give as examples: each has an `input` and an `output`, and some a `normalizedOutput`, which is an example more. */
export function examplesOf(
  all: readonly unknown[],
  where: string,
  callOf: (example: JsonObject) => DriverCall,
): ReadExamples {
  const read = all.flatMap((each, at) => examplesIn(each, `${where}[${at}]`, callOf));
  if (read.length === 0) return noExamples;
  return {
    examples: read.filter((each) => !('problem' in each)) as CodecExample[],
    unusableExamples: read.filter((each) => 'problem' in each) as UnusableExample[],
  };
}

type Read = CodecExample | UnusableExample;

function examplesIn(example: unknown, where: string, callOf: (example: JsonObject) => DriverCall): readonly Read[] {
  const description = String((isJsonObject(example) ? example.description : undefined) ?? where);
  if (!isJsonObject(example) || !isJsonObject(example.input) || !isJsonObject(example.output)) {
    return [{ description, problem: `Give ${where} an input and an output, each an object` }];
  }
  const call = callOf(example);
  const { input, output, normalizedOutput } = example;
  const read = call === 'encodeDownlink' ? toEncode(input, output, where) : toDecode(input, output, where);
  if (typeof read === 'string') return [{ description, problem: read }];
  const first: Read = { description, call, ...read };
  if (normalizedOutput === undefined) return [first];
  return [first, normalizedOf(first, normalizedOutput, where)];
}

function normalizedOf(example: CodecExample, output: JsonValue, where: string): Read {
  const description = `${example.description}, normalized`;
  if (!isJsonObject(output)) return { description, problem: `Give ${where}.normalizedOutput as an object` };
  return { ...example, description, call: 'normalizeUplink', output };
}

type Given = Omit<CodecExample, 'description'>;

function toDecode(input: JsonObject, output: JsonObject, where: string): Given | string {
  const { fPort, recvTime, bytes, ...more } = input;
  const hex = hexOf(bytes);
  const port = portOf(fPort);
  if (hex === undefined) return cannotUse(`${where}.input.bytes`, 'a list of bytes', bytes);
  if (port === null) return cannotUse(`${where}.input.fPort`, '0 to 255', fPort);
  const time = typeof recvTime === 'string' ? recvTime : undefined;
  return { fPort: port, recvTime: time, bytes: hex, ...asInput(more), output };
}

function toEncode(input: JsonObject, output: JsonObject, where: string): Given | string {
  const { fPort, data, ...more } = input;
  const port = portOf(fPort);
  const hex = hexOf(output.bytes ?? []);
  if (!isJsonObject(data)) return cannotUse(`${where}.input.data`, 'an object', data);
  if (port === null) return cannotUse(`${where}.input.fPort`, '0 to 255', fPort);
  if (hex === undefined) return cannotUse(`${where}.output.bytes`, 'a list of bytes', output.bytes);
  const bytes = [...Buffer.from(hex, 'hex')];
  return { fPort: port, recvTime: undefined, bytes: '', data, ...asInput(more), output: { ...output, bytes } };
}

/** Absent where there is nothing more. */
function asInput(more: JsonObject): Pick<CodecExample, 'input'> {
  return Object.keys(more).length === 0 ? {} : { input: more };
}

function cannotUse(field: string, expected: string, met: unknown): string {
  return `Cannot use ${field}: expected ${expected}, met ${JSON.stringify(met)?.slice(0, 80)}`;
}

/** It may be a text; without one it may be null. Null where it is no port. */
function portOf(fPort: JsonValue | undefined): number | undefined | null {
  if (fPort === undefined || fPort === null) return undefined;
  return isByte(Number(fPort)) ? Number(fPort) : null;
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
