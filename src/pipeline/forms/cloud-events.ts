import { createHash } from 'node:crypto';
import { parseSchemaUrn } from '../../devices/event-schemas.ts';
import { SluiceError } from '../../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { IngestRequest } from '../device-message.ts';
import { eventTypeForm, isEventType } from '../device-topic.ts';
import { isMessageId, messageIdBytesMax } from '../envelope.ts';
import { timeForm, timeOf } from '../event-time.ts';

/** A CloudEvent (version 1.0) as a device message. Its subject may name the device; who sends it decides. */
export interface CloudEvent extends Omit<IngestRequest, 'deviceId' | 'publisher'> {
  readonly subject: string | undefined;
}

export const structuredType = 'application/cloudevents+json';
export const batchType = 'application/cloudevents-batch+json';

/** An event in the JSON format: attributes, and `data` or `data_base64`. */
export function readStructured(event: JsonValue): CloudEvent | SluiceError {
  if (!isJsonObject(event)) return refused('Send an event as a JSON object with specversion, id, source and type');
  const payload = dataOf(event);
  if (payload instanceof SluiceError) return payload;
  const contentType = event.datacontenttype ?? (event.data_base64 === undefined ? 'application/json' : undefined);
  return read(event, payload, contentType);
}

/** An event in the binary mode: attributes beside the bytes, whose type is the content type. */
export function readBinary(
  attributes: Readonly<Record<string, string>>,
  payload: Buffer,
  contentType: string | undefined,
): CloudEvent | SluiceError {
  return read(attributes, payload, contentType);
}

function read(attributes: JsonObject, payload: Buffer, contentType: JsonValue | undefined): CloudEvent | SluiceError {
  const { specversion, id, source, type, subject, time, sequence, fport, firmware, dataschema: schema } = attributes;
  if (specversion !== '1.0') return refused(`Send events of specversion 1.0: met ${met(specversion)}`);
  if (!isText(id) || !isText(source) || !isText(type)) {
    return refused(`Give id, source and type of an event as text: met ${met(id)}, ${met(source)}, ${met(type)}`);
  }
  const eventType = type.toLowerCase();
  if (!isEventType(eventType)) return refused(`Give a type that is an event type, ${eventTypeForm}: met ${met(type)}`);
  if (contentType !== undefined && !isContentType(contentType)) {
    return refused(`Give datacontenttype as type/subtype in visible ASCII characters: met ${met(contentType)}`);
  }
  const at = timeOf(time);
  if (time !== undefined && at === undefined) return refused(`Give time as ${timeForm}: met ${met(time)}`);
  return {
    subject: isText(subject) ? subject : undefined,
    eventType,
    payload,
    messageId: messageIdOf(id, source),
    ...(contentType === undefined ? {} : { contentType }),
    ...(at === undefined ? {} : { time: at }),
    ...numberOf('seq', sequence),
    ...numberOf('fPort', fport),
    ...(isText(firmware) ? { firmwareVersion: firmware } : {}),
    // A schema of somebody else's is for whoever reads the event, and says nothing here.
    ...(isText(schema) && parseSchemaUrn(schema) !== undefined ? { schema } : {}),
  };
}

/**
 * An id is unique together with its source only, and a device may be several sources: so both make the message id. It can be
 * read where it fits, as `{id}@{digest of the source}`.
 */
function messageIdOf(id: string, source: string): string {
  const readable = `${id}@${digest(source).slice(0, 11)}`;
  if (isMessageId(readable)) return readable;
  return `cloud-event-${digest(JSON.stringify([source, id]))}`.slice(0, messageIdBytesMax);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** What is no JSON text is meant as the bytes that its text has. */
function dataOf({ data, data_base64: base64, datacontenttype: type }: JsonObject): Buffer | SluiceError {
  if (base64 !== undefined) {
    const bytes = typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined;
    if (bytes !== undefined && bytes.toString('base64') === base64) return bytes;
    return new SluiceError('payload_unreadable', `Give data_base64 in base64: met ${met(base64)}`);
  }
  if (data === undefined) return Buffer.alloc(0);
  const isJson = type === undefined || (typeof type === 'string' && /[/+]json\b/i.test(type));
  return Buffer.from(typeof data === 'string' && !isJson ? data : JSON.stringify(data));
}

function numberOf<K extends string>(key: K, value: JsonValue | undefined): { [key in K]?: number } {
  const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? ({ [key]: number } as { [key in K]: number }) : {};
}

function isContentType(value: JsonValue): value is string {
  return typeof value === 'string' && /^[ -~]{1,256}$/.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function met(value: unknown): string {
  if (value === undefined) return 'nothing';
  return (JSON.stringify(value) ?? '').slice(0, 100);
}

function refused(sentence: string): SluiceError {
  return new SluiceError('invalid_argument', sentence);
}
