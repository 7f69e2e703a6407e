import type { JsonObject, JsonValue } from '../../../std/json.ts';
import { isJsonObject } from '../../../std/json.ts';
import type { DecodedReading, UplinkInput, UplinkOutput } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { timeForm, timeOf } from '../../event-time.ts';
import { examples } from './examples.ts';

/** CloudEvents 1.0 as a payload, one or an array of them, for device types of this name and wherever they are seen to be such. */
export const driver = defineDriver({
  id: 'cloud-events',
  version: '1.0.0',
  match: { deviceType: 'cloud-events', firmware: '*' },
  events: {},
  decodeUplink,
  examples,
});

const eventsMax = 1000;
const utf8 = new TextDecoder('utf-8', { fatal: true });
/** As event types are written here; another `type` leaves the event type that the topic says. */
const eventTypeForm = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

function decodeUplink({ bytes }: UplinkInput): UplinkOutput {
  try {
    const parsed = JSON.parse(utf8.decode(Uint8Array.from(bytes)));
    // The doors take an event out of its envelope; what reaches here without one is its data.
    if (isJsonObject(parsed) && !('specversion' in parsed) && Object.keys(parsed).length > 0) return { data: parsed };
    return decodeCloudEvents(parsed);
  } catch (problem) {
    return { errors: [`Send a CloudEvent that can be read: ${(problem as Error).message}`] };
  }
}

/** Whether it has all that an event must have. */
export function isCloudEvent(item: JsonValue | undefined): item is JsonObject {
  if (!isJsonObject(item) || typeof item.specversion !== 'string') return false;
  return ['id', 'source', 'type'].every((name) => typeof item[name] === 'string' && item[name] !== '');
}

/** The readings of one event or of an array of them. `time` and the extension `sequence` become the reading's; `data` must be an object. */
export function decodeCloudEvents(parsed: JsonValue): UplinkOutput {
  const events = Array.isArray(parsed) ? parsed : [parsed];
  if (events.length === 0 || events.length > eventsMax) {
    return { errors: [`Send 1 to ${eventsMax} CloudEvents at once, met ${events.length}`] };
  }
  const messages: DecodedReading[] = [];
  for (const [index, event] of events.entries()) {
    const reading = readingOf(event);
    if (typeof reading === 'string') return { errors: [Array.isArray(parsed) ? `[${index}]: ${reading}` : reading] };
    messages.push(reading);
  }
  return { messages };
}

function readingOf(event: JsonValue): DecodedReading | string {
  if (!isCloudEvent(event)) return 'Send a CloudEvent with specversion, id, source and type';
  if (event.specversion !== '1.0')
    return `Send CloudEvents 1.0, met specversion "${String(event.specversion).slice(0, 20)}"`;
  const data = dataOf(event);
  if (typeof data === 'string') return data;
  if (event.time !== undefined && timeOf(event.time) === undefined) {
    return `Send "time" as ${timeForm}, met ${JSON.stringify(event.time).slice(0, 40)}`;
  }
  const seq = seqOf(event.sequence);
  return {
    data,
    ...(eventTypeForm.test(String(event.type)) ? { eventType: String(event.type) } : {}),
    ...(event.time === undefined ? {} : { time: event.time as string }),
    ...(seq === undefined ? {} : { seq }),
  };
}

function dataOf(event: JsonObject): JsonObject | string {
  let { data } = event;
  if (data === undefined && typeof event.data_base64 === 'string') {
    try {
      data = JSON.parse(utf8.decode(Buffer.from(event.data_base64, 'base64'))) as JsonValue;
    } catch (problem) {
      return `Send JSON in data_base64: ${(problem as Error).message}`;
    }
  }
  if (!isJsonObject(data)) return 'Send a JSON object of readings in "data"';
  return Object.keys(data).length === 0 ? 'Send at least one reading in "data": met an object without any' : data;
}

/** The extension `sequence` orders texts; only one that is a number says how far. */
function seqOf(sequence: JsonValue | undefined): number | undefined {
  const value = typeof sequence === 'string' && /^\d{1,16}$/.test(sequence) ? Number(sequence) : sequence;
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}
