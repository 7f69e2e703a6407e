import type { JsonObject, JsonValue } from '../../../std/json.ts';
import { isJsonObject } from '../../../std/json.ts';
import type { DecodedReading, UplinkInput, UplinkOutput } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { timeForm, timeOf } from '../../event-time.ts';
import { type NetworkEvent, readNetworkEvent } from '../../forms/network-events.ts';
import { decodeCayenneLpp, isCayenneLpp } from '../cayenne-lpp/driver.ts';
import { decodeCloudEvents, isCloudEvent } from '../cloud-events/driver.ts';
import { decodeSenml, isSenml } from '../senml/driver.ts';
import { examples } from './examples.ts';

/** Keys that speak of the message, not of what was measured. */
const envelopeKeys: ReadonlySet<string> = new Set(['messageId', 'time', 'ts', 'seq']);

/** Readings in one payload. A gateway that was offline sends some hundreds; each becomes a row of history. */
const readingsMax = 1000;

/**
 * For device types that have no driver of their own: readings as JSON, or what the content type says, SenML or Cayenne LPP; and
 * CloudEvents and the events of LoRaWAN network servers, which are known by what they must have. The forms of JSON are `{ key: value }` and
 * `{ ts | time, values: { key: value } }`, with `messageId` and `seq` beside, and arrays of these.
 */
export const driver = defineDriver({
  id: 'json',
  version: '1.0.0',
  match: { deviceType: '*', firmware: '*' },
  events: {},
  decodeUplink,
  examples,
});

const utf8 = new TextDecoder('utf-8', { fatal: true });
const openBrace = 0x7b;
const openBracket = 0x5b;

function decodeUplink(input: UplinkInput): UplinkOutput {
  if (isSenml(input.contentType)) return decodeSenml(input);
  if (isCayenneLpp(input.contentType)) return decodeCayenneLpp(input.bytes);
  const bytes = Uint8Array.from(input.bytes);
  if (!looksLikeJson(bytes, input.contentType)) {
    const met = bytes.length === 0 ? 'no bytes at all' : `a payload that starts with 0x${hex(bytes[0])}`;
    return failure(`Send JSON, or bring a driver that is active for "${input.device.type}": met ${met}`);
  }
  let parsed: JsonValue;
  try {
    parsed = JSON.parse(utf8.decode(bytes));
  } catch (problem) {
    return failure(`Send JSON that can be read: ${(problem as Error).message}`);
  }
  if (isCloudEvent(Array.isArray(parsed) ? parsed[0] : parsed)) return decodeCloudEvents(parsed);
  const event = readNetworkEvent(parsed);
  return event === undefined ? readingsOf(parsed) : readingsOfNetwork(event, input.device.type);
}

/** Without a driver there is only what the network server itself has decoded. */
function readingsOfNetwork({ kind, uplink }: NetworkEvent, deviceType: string): UplinkOutput {
  const { decoded, payload, time, seq } = uplink ?? {};
  if (decoded !== undefined) {
    return {
      messages: [{ data: decoded, ...(time === undefined ? {} : { time }), ...(seq === undefined ? {} : { seq }) }],
    };
  }
  if (payload !== undefined) {
    return failure(
      `Bring a driver that is active for "${deviceType}": met an uplink that the network server did not decode`,
    );
  }
  return {
    messages: [],
    warnings: [`The network server told of "${kind.slice(0, 100)}", with no payload of the device`],
  };
}

function looksLikeJson(bytes: Uint8Array, contentType: string | undefined): boolean {
  if (contentType !== undefined && /^application\/([\w.+-]+\+)?json\b/i.test(contentType)) return bytes.length > 0;
  const first = bytes[0];
  return first === openBrace || first === openBracket;
}

function readingsOf(parsed: JsonValue): UplinkOutput {
  const items = Array.isArray(parsed) ? parsed : [parsed];
  if (items.length === 0) return failure('Send at least one reading: met an empty array');
  if (items.length > readingsMax) return failure(`Send at most ${readingsMax} readings at once, met ${items.length}`);
  const messages: DecodedReading[] = [];
  for (const [index, item] of items.entries()) {
    const reading = readingOf(item);
    if (typeof reading === 'string') return failure(Array.isArray(parsed) ? `[${index}]: ${reading}` : reading);
    messages.push(reading);
  }
  return { messages };
}

/** The reading, or what is wrong with it. */
function readingOf(item: JsonValue): DecodedReading | string {
  if (!isJsonObject(item)) return `Send a JSON object of readings, met ${JSON.stringify(item).slice(0, 40)}`;
  const time = item.ts ?? item.time ?? undefined;
  if (time !== undefined && !isTime(time)) {
    return `Send "ts" or "time" as ${timeForm}, met ${JSON.stringify(time).slice(0, 40)}`;
  }
  const seq = item.seq ?? undefined;
  if (seq !== undefined && !Number.isSafeInteger(seq)) return `Send "seq" as an integer, met ${JSON.stringify(seq)}`;
  const data = isWrapped(item, time) ? item.values : withoutEnvelope(item);
  if (Object.keys(data).length === 0) return 'Send at least one reading: met an object without any';
  return {
    data,
    ...(time === undefined ? {} : { time }),
    ...(seq === undefined ? {} : { seq: seq as number }),
  };
}

function isTime(value: JsonValue): value is number | string {
  return timeOf(value) !== undefined;
}

/** An object with a time and `values`, and nothing besides that would be lost by looking at `values` alone. */
function isWrapped(item: JsonObject, time: unknown): item is JsonObject & { values: JsonObject } {
  if (time === undefined || !isJsonObject(item.values)) return false;
  return Object.keys(item).every((key) => key === 'values' || envelopeKeys.has(key));
}

function withoutEnvelope(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([key]) => !envelopeKeys.has(key)));
}

function failure(error: string): UplinkOutput {
  return { errors: [error] };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
