import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { DecodeResult, DriverCall } from '../driver.ts';
import { isOwnWarning, shorten, textOfItem, toldOf, warningsMax } from '../driver-host/readings.ts';
import { timeOf } from '../event-time.ts';
import type { RunnableExample } from './runnable-example.ts';

export interface ExampleResult {
  readonly description: string;
  readonly ok: boolean;
  readonly expected?: unknown;
  readonly met?: unknown;
  /** Why it could not be run. */
  readonly problem?: string;
}

/** As the makers of the example's form do: see docs/decisions/0092 and 0119. */
export function judge({ description, call, output }: RunnableExample, result: DecodeResult): ExampleResult {
  const { warnings } = output;
  const errors = typeof output.errors === 'string' ? [output.errors] : output.errors;
  if (Array.isArray(errors) && errors.length > 0) {
    const met = result.ok ? plain(result.readings) : result.reason;
    return { description, ok: !result.ok && tellsAll(result.reason, errors.map(textOfItem)), expected: errors, met };
  }
  const expected = expectedOf(call, output);
  if (!result.ok) return { description, ok: false, expected, met: result.reason };
  const met = plain(metIn(result, output));
  if (Array.isArray(warnings) && !isWarned(call, result.warnings, warnings)) {
    return { description, ok: false, expected: { warnings }, met: { warnings: result.warnings } };
  }
  return { description, ok: isSame(met, expected), expected, met };
}

function tellsAll(reason: string, errors: readonly string[]): boolean {
  return errors.every((error) => reason.includes(error)) || reason === toldOf(errors);
}

/** Warnings count where an example names some or none: as many and as long as they are kept, but for those of Sluice's own. */
function isWarned(call: DriverCall | undefined, met: readonly string[], expected: readonly JsonValue[]): boolean {
  const kept = expected.slice(0, warningsMax).map((warning) => shorten(textOfItem(warning)));
  // Those of what was decoded before stand beside them.
  if (call === 'normalizeUplink') return kept.every((warning) => met.includes(warning));
  return isDeepStrictEqual(
    met.filter((warning) => !isOwnWarning(warning)),
    kept,
  );
}

function expectedOf(call: DriverCall | undefined, { data, messages, bytes, fPort }: JsonObject): unknown {
  if (call === 'encodeDownlink') return plain({ bytes, fPort: fPort ?? undefined });
  if (call === 'normalizeUplink') return measurementsIn(data).map(asMessage).map(withTime);
  if (Array.isArray(messages)) return messages.map(withTime);
  // A list is an object with its places as names, as it is to the driver's host.
  if (Array.isArray(data)) return [{ data: { ...data } }];
  return isJsonObject(data) ? [{ data }] : [];
}

/** Where an example leaves the port out, any will do. */
function metIn({ readings, downlink }: DecodeResult & { readonly ok: true }, { fPort }: JsonObject): unknown {
  if (downlink === undefined) return readings;
  return fPort === undefined || fPort === null ? { bytes: downlink.bytes } : downlink;
}

function measurementsIn(data: JsonValue | undefined): readonly JsonValue[] {
  const list = Array.isArray(data) ? data : [data ?? {}];
  return list.filter((each) => !isJsonObject(each) || Object.keys(each).some((name) => name !== 'time'));
}

/** A measurement as a reading. */
function asMessage(measurement: JsonValue): JsonValue {
  if (!isJsonObject(measurement)) return measurement;
  const { time, ...data } = measurement;
  return time === undefined || time === null ? { data } : { data, time };
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
