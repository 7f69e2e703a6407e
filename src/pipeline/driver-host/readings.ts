import { isJsonObject, type JsonObject } from '../../std/json.ts';
import type { DecodedReading, EncodedDownlink } from '../driver.ts';
import { timeForm, timeOf } from '../event-time.ts';

/** What a driver answered, made sure of; or why it cannot be kept. */
export type Answer =
  | {
      readonly ok: true;
      readonly readings: DecodedReading[];
      readonly warnings: string[];
      readonly downlink?: EncodedDownlink;
    }
  | { readonly ok: false; readonly reason: string };

/** Readings of one message: a day of quarter-hours tenfold. */
const readingsMax = 1000;
/** Values in all readings of one message, objects and arrays counted. */
const valuesMax = 10_000;
/** Objects within objects. SQLite's JSON functions end at 1,000. */
const depthMax = 32;
/** Warnings of one message by its driver; as many again may come of its schemas. */
export const warningsMax = 16;
/** Characters of one warning or error text: it goes into dead letters and logs. */
const textCharsMax = 500;

/**
 * The readings in a driver's answer: `{ data }` or `{ messages }`, with `warnings`; a non-empty `errors` means that the
 * message could not be read. Undefined properties are as good as absent; a number that JSON cannot say is refused.
 */
export function answerOf(output: unknown): Answer {
  if (!isJsonObject(output)) return refuse(`Answer with an object that has data or messages: met ${nameOf(output)}`);
  const errors = texts(output.errors);
  if (errors === undefined) return refuse(`Answer errors as an array of texts: met ${nameOf(output.errors)}`);
  if (errors.length > 0)
    return refuse(saysSomething.test(toldOf(errors)) ? toldOf(errors) : sayingNothing(output.errors));
  const warnings = texts(output.warnings) ?? [shorten(show(output.warnings))];
  const readings = readingsIn(output);
  return typeof readings === 'string'
    ? refuse(readings)
    : { ok: true, readings, warnings: warnings.slice(0, warningsMax) };
}

const saysSomething = /[^\s;]/;

/** Codecs that look their errors up in a table give an empty text for one that the table lacks. */
function sayingNothing(errors: unknown): string {
  return `${ownWarningStart}errors that say nothing: ${show(errors)}`;
}

/** The reason shortened to what a dead letter holds. */
export function refuse(reason: string): Answer {
  return { ok: false, reason: shorten(reason) };
}

/** A warning of Sluice's own about an answer of a script, beside those of the script. */
export function ownWarning(about: string): string {
  return shorten(`${ownWarningStart}${about}`);
}

export function isOwnWarning(warning: string): boolean {
  return warning.startsWith(ownWarningStart);
}

const ownWarningStart = 'The driver answered ';

/** What is told of the errors of an answer. */
export function toldOf(errors: readonly string[]): string {
  return shorten(errors.map(shorten).join('; '));
}

export function shorten(text: string): string {
  const told = text.includes(installFolder.pathname) ? withoutFolder(text) : text;
  return told.length > textCharsMax ? `${told.slice(0, textCharsMax)}…` : told;
}

/** A driver may tell the stack of what it caught, and below its own frames are those of Sluice: where that is installed is nobody's business. */
function withoutFolder(text: string): string {
  return text.replaceAll(installFolder.href, '').replaceAll(installFolder.pathname, '');
}

const installFolder = new URL('../../../', import.meta.url);

function texts(value: unknown): string[] | undefined {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [shorten(value)];
  return Array.isArray(value) ? value.map((item) => shorten(textOfItem(item))) : undefined;
}

/** An object, or one in a list, may lack all that makes it a text: it is shown. */
export function textOfItem(item: unknown): string {
  const isPlain = Array.isArray(item) ? item.every(isScalar) : isScalar(item);
  return isPlain ? String(item) : show(item);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function readingsIn(output: JsonObject): DecodedReading[] | string {
  const count = { values: 0 };
  if (output.messages === undefined || output.messages === null || isJsonObject(output.data)) {
    if (!isJsonObject(output.data)) return `Answer data as an object: met ${nameOf(output.data)}`;
    const problem = problemIn(output.data, 'data', 1, count);
    return problem ?? [{ data: output.data }];
  }
  const { messages } = output;
  if (!Array.isArray(messages)) return `Answer messages as an array: met ${nameOf(messages)}`;
  if (messages.length > readingsMax) return `Answer at most ${readingsMax} messages, met ${messages.length}`;
  const readings: DecodedReading[] = [];
  for (const [index, message] of messages.entries()) {
    const reading = readingIn(message, `messages[${index}]`, count);
    if (typeof reading === 'string') return reading;
    readings.push(reading);
  }
  return readings;
}

function readingIn(message: unknown, where: string, count: { values: number }): DecodedReading | string {
  if (!isJsonObject(message)) return `Answer ${where} as an object: met ${nameOf(message)}`;
  const { data, time, seq, eventType } = message;
  if (!isJsonObject(data)) return `Answer ${where}.data as an object: met ${nameOf(data)}`;
  const problem = problemIn(data, `${where}.data`, 1, count);
  if (problem !== undefined) return problem;
  const reading: { -readonly [K in keyof DecodedReading]: DecodedReading[K] } = { data };
  if (time !== undefined && time !== null) {
    const at = timeOf(time);
    if (at === undefined) return `Answer ${where}.time as ${timeForm}: met ${show(time)}`;
    reading.time = at;
  }
  if (seq !== undefined && seq !== null) {
    if (!Number.isSafeInteger(seq)) return `Answer ${where}.seq as an integer: met ${show(seq)}`;
    reading.seq = seq as number;
  }
  if (eventType !== undefined && eventType !== null) {
    if (typeof eventType !== 'string' || !/^[A-Za-z0-9._:-]{1,128}$/.test(eventType)) {
      return `Answer ${where}.eventType as 1 to 128 letters, digits, '.', '_', ':' or '-': met ${show(eventType)}`;
    }
    reading.eventType = eventType;
  }
  return reading;
}

function problemIn(value: unknown, path: string, depth: number, count: { values: number }): string | undefined {
  if (++count.values > valuesMax) return `Answer at most ${valuesMax} values in one message`;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `Expected a finite number in ${path}, met ${value}`;
    case 'object':
      if (value === null) return undefined;
      break;
    default:
      return `Expected a JSON value in ${path}, met ${nameOf(value)}`;
  }
  if (depth > depthMax) return `Answer at most ${depthMax} objects within each other: met more in ${shorten(path)}`;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const problem = problemIn(value[index], `${path}[${index}]`, depth + 1, count);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[key];
    const problem = item === undefined ? undefined : problemIn(item, `${path}.${key}`, depth + 1, count);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : value === undefined ? 'nothing' : `a ${typeof value}`;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}
