import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import type { JsonValue } from '../std/json.ts';
import { jsonDepthMax, nestsDeeper } from '../std/json-depth.ts';
import { parseTime } from './header-values.ts';
import type { BatchItem } from './ingest-batch.ts';
import { type PayloadEncoding, payloadFromJson } from './message-json.ts';
import { checkProperties } from './property-limits.ts';
import { anyJson, batchItemsMax, epochMs, integer, object, schemaName, text } from './schemas.ts';
import { compileSchema, validationError } from './validation.ts';

/** A device message as an item of a batch. */
interface ItemJson {
  readonly deviceId?: string;
  readonly eventType?: string;
  readonly payload: JsonValue;
  readonly encoding?: PayloadEncoding;
  readonly contentType?: string;
  readonly messageId?: string;
  readonly time?: number | string;
  readonly seq?: number;
  readonly fPort?: number;
  readonly firmwareVersion?: string;
  readonly schema?: string;
}

export const ingestItem = object(
  {
    deviceId: { ...text, description: 'Left out: the device that the path names, or that sends' },
    eventType: { ...text, description: 'Left out: telemetry' },
    payload: anyJson,
    encoding: { type: 'string', enum: ['utf8', 'base64', 'json'], description: 'Text is utf8, everything else json' },
    contentType: text,
    messageId: text,
    time: { anyOf: [epochMs, { type: 'string', maxLength: 64, description: 'ISO 8601' }] },
    seq: integer,
    fPort: { type: 'integer', minimum: 0, maximum: 255 },
    firmwareVersion: text,
    schema: schemaName,
  },
  ['payload'],
);

const validate = compileSchema({ schema: ingestItem, httpPart: 'body' });

/** The items of a body, each read by itself. `deviceId` is the device where an item names none. Throws where there are no items in it. */
export function readItems(body: Buffer, contentType: string | undefined, deviceId: string): readonly BatchItem[] {
  return jsonItems(body, contentType).map((item) => (item instanceof SluiceError ? item : readItem(item, deviceId)));
}

/** The values of a JSON array, or of lines of JSON. Throws `payload_unreadable` or `invalid_argument` for the whole. */
export function jsonItems(body: Buffer, contentType: string | undefined): readonly (JsonValue | SluiceError)[] {
  const items = isLines(contentType) ? lines(body) : array(body);
  if (items.length > 0 && items.length <= batchItemsMax) return items;
  throw new SluiceError('invalid_argument', `Send 1 to ${batchItemsMax} items at once: met ${items.length}`);
}

const linesTypes = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl']);

function isLines(contentType: string | undefined): boolean {
  return linesTypes.has(contentType?.split(';')[0].trim().toLowerCase() ?? '');
}

function lines(body: Buffer): (JsonValue | SluiceError)[] {
  const items: (JsonValue | SluiceError)[] = [];
  // As bytes only where one of them is to be blamed.
  const read: readonly (string | Buffer)[] = isUtf8(body) ? body.toString().split('\n') : linesOf(body);
  for (const line of read) {
    const text = line.toString();
    if (text.trim() === '') continue;
    // One more than allowed is enough to refuse them all.
    if (items.length > batchItemsMax) break;
    items.push(typeof line === 'string' || isUtf8(line) ? parse(text) : notUtf8());
  }
  return items;
}

function linesOf(body: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let start = 0; start < body.length && found.length <= batchItemsMax; ) {
    const end = body.indexOf(0x0a, start);
    found.push(body.subarray(start, end < 0 ? body.length : end));
    start = end < 0 ? body.length : end + 1;
  }
  return found;
}

function notUtf8(): SluiceError {
  return new SluiceError('payload_unreadable', 'Send JSON in UTF-8: this has bytes that are none');
}

/** The one value of a JSON body. Throws `payload_unreadable`. */
export function jsonItem(body: Buffer): JsonValue {
  if (!isUtf8(body)) throw notUtf8();
  const value = parse(body.toString());
  if (value instanceof SluiceError) throw value;
  return value;
}

function array(body: Buffer): readonly JsonValue[] {
  const value = jsonItem(body);
  if (Array.isArray(value)) return value;
  throw new SluiceError('payload_unreadable', 'Send a JSON array of items, or one item a line as application/x-ndjson');
}

function parse(json: string): JsonValue | SluiceError {
  if (nestsDeeper(json, jsonDepthMax)) {
    return new SluiceError(
      'payload_unreadable',
      `Send JSON with at most ${jsonDepthMax} arrays and objects inside each other`,
    );
  }
  try {
    return JSON.parse(json);
  } catch (cause) {
    const { message } = cause as SyntaxError;
    return new SluiceError('payload_unreadable', `Send an item that is valid JSON: ${message}`, { cause });
  }
}

function readItem(value: JsonValue, deviceId: string): BatchItem {
  if (!validate(value)) return validationError(validate.errors ?? [], 'item');
  try {
    const { payload, encoding, time, ...said } = value as unknown as ItemJson;
    if (deviceId !== 'me' && said.deviceId !== undefined && said.deviceId !== deviceId) {
      return new SluiceError(
        'invalid_argument',
        `Leave out deviceId: the path names device ${JSON.stringify(deviceId)}`,
      );
    }
    if (said.contentType !== undefined) checkProperties({ contentType: said.contentType });
    const isText = encoding === 'utf8' || (encoding === undefined && typeof payload === 'string');
    return {
      deviceId,
      ...(isText || encoding === 'base64' ? {} : { contentType: 'application/json' }),
      ...said,
      payload: payloadFromJson(payload, encoding),
      ...(time === undefined ? {} : { time: typeof time === 'number' ? time : parseTime(time, 'time') }),
    };
  } catch (problem) {
    if (problem instanceof SluiceError) return problem;
    throw problem;
  }
}
