import { isJsonObject, type JsonObject } from '../../std/json.ts';
import type { DriverCall } from '../driver.ts';
import { type Answer, answerOf, ownWarning, refuse, warningsMax } from './readings.ts';
import type { ScriptAnswer } from './sandbox.ts';

/** What a codec script answered to a call, made sure of. */
export function answerOfScript(call: DriverCall | undefined, answer: ScriptAnswer): Answer {
  if (answer.threw !== undefined) return refuse(`The driver threw: ${answer.threw}`);
  if (call === 'encodeDownlink') return encodedIn(answer.output);
  const decoded = decodedIn(answer.output);
  const read =
    decoded.ok && answer.normalized !== undefined ? normalizedIn(answer.normalized, decoded.warnings) : decoded;
  if (!read.ok || answer.unspeakable === undefined) return read;
  const told = answer.unspeakable.map((where) => ownWarning(`${where}: it is kept as null`));
  return { ...read, warnings: [...read.warnings, ...told].slice(0, warningsMax) };
}

function decodedIn(output: unknown): Answer {
  const answer = answerOf(saysNothing(output) ? { ...output, messages: [] } : withNamedPlaces(output));
  return answer.ok ? withReason(answer, 'no data') : answer;
}

/** Whoever looks for the readings of a message finds out why there are none. */
function withReason(answer: Answer & { readonly ok: true }, reason: string): Answer {
  const isExplained = answer.readings.length > 0 || answer.warnings.length > 0;
  return isExplained ? answer : { ...answer, warnings: [ownWarning(reason)] };
}

/** A list as data is an object to The Things Stack, with the places as names; so it is to state and history. */
function withNamedPlaces(output: unknown): unknown {
  return isJsonObject(output) && Array.isArray(output.data) ? { ...output, data: { ...output.data } } : output;
}

/**
 * An answer without data, which codecs give to a payload that means nothing to them. Names of its own beside it make it one that
 * forgot to put them into `data`, unless that is there and empty.
 */
function saysNothing(output: unknown): output is JsonObject {
  if (!isJsonObject(output) || (output.messages !== undefined && output.messages !== null)) return false;
  if (output.data === null) return true;
  return Object.entries(output).every(([key, value]) => value === null || key === 'errors' || key === 'warnings');
}

/** One measurement or a list of them; each is a reading, at its own time where it has one. */
function normalizedIn(output: unknown, warnings: readonly string[]): Answer {
  if (output !== null && !isJsonObject(output)) return refuse('Answer an object from normalizeUplink');
  const { data, errors, warnings: own } = output ?? {};
  const measurements = data === undefined || data === null ? [] : Array.isArray(data) ? data : [data];
  const answer = answerOf({ errors, warnings: own, messages: measurements.map(messageOf).filter(isMeasured) });
  if (!answer.ok) return refuse(`In normalizeUplink: ${answer.reason}`);
  const all = { ...answer, warnings: [...warnings, ...answer.warnings].slice(0, warningsMax) };
  return withReason(all, 'nothing from normalizeUplink');
}

function messageOf(measurement: unknown): unknown {
  if (!isJsonObject(measurement)) return measurement;
  const { time, ...data } = measurement;
  return { time, data };
}

function isMeasured(message: unknown): boolean {
  return !isJsonObject(message) || Object.keys(message.data as JsonObject).length > 0;
}

/** Numbers that are no bytes become what is left of them in eight bits, as The Things Stack has it, but not without a word. */
function encodedIn(output: unknown): Answer {
  if (!isJsonObject(output)) return refuse('Answer with an object that has bytes');
  const answer = answerOf({ errors: output.errors, warnings: output.warnings, messages: [] });
  if (!answer.ok) return answer;
  const given = listIn(output.bytes);
  if (given === undefined) return refuse('Answer bytes as a list of numbers from 0 to 255');
  const { fPort } = output;
  const port = fPort === undefined || fPort === null ? undefined : numberOf(fPort);
  if (port !== undefined && !isByte(port)) return refuse('Answer fPort as an integer from 0 to 255');
  const bytes = given.map((value) => Number(value) & 0xff);
  const bent = given.findIndex((value, at) => value !== bytes[at]);
  const told = bent < 0 ? [] : [ownWarning(`${JSON.stringify(given[bent])} as a byte: ${bytes[bent]} is sent`)];
  const warnings = [...answer.warnings, ...told].slice(0, warningsMax);
  return { ...answer, warnings, downlink: port === undefined ? { bytes } : { bytes, fPort: port } };
}

/** By now a typed array is an object with its places as names, and a Buffer one with its bytes as `data`. */
function listIn(bytes: unknown): readonly unknown[] | undefined {
  const list = isJsonObject(bytes) ? (bytes.data ?? Object.values(bytes)) : bytes;
  return Array.isArray(list) && list.every((value) => typeof value !== 'object' || value === null) ? list : undefined;
}

/** An object may lack what makes it a number. */
function numberOf(value: unknown): number {
  return typeof value === 'object' ? Number.NaN : Number(value);
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
}
