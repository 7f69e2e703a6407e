import { parseSchemaUrn } from '../devices/event-schemas.ts';
import { SluiceError } from '../errors.ts';
import type { Message, UserProperty } from '../message.ts';
import { buildDeviceTopic, defaultEventType } from './device-topic.ts';
import { isMessageId, messageIdBytesMax, readEnvelope } from './envelope.ts';
import { timeForm, timeOf } from './event-time.ts';

/** What a device says about its message, from user properties and, where these are absent, from a JSON payload. */
export interface DeviceMessage {
  readonly messageId: string | undefined;
  /** Epoch milliseconds. */
  readonly time: number | undefined;
  readonly seq: number | undefined;
  readonly fPort: number | undefined;
  readonly firmwareVersion: string | undefined;
  /** By which schema it was made: a version of that of its event type, or the whole name. */
  readonly schema: string | undefined;
}

/** A message that came in over HTTP. */
export interface IngestRequest {
  readonly deviceId: string;
  /** `telemetry` where absent. */
  readonly eventType?: string;
  readonly payload: Buffer;
  readonly contentType?: string;
  readonly messageId?: string;
  /** Epoch milliseconds. */
  readonly time?: number;
  readonly seq?: number;
  readonly fPort?: number;
  readonly firmwareVersion?: string;
  /** As in `DeviceMessage`. */
  readonly schema?: string;
  /** The name under which the caller is known. */
  readonly publisher: string;
}

/** Answers an `invalid_argument` error where a user property is not of its form. */
export function readDeviceMessage(message: Message): DeviceMessage | SluiceError {
  const headers = readHeaders(message.properties?.userProperties);
  if (headers instanceof SluiceError) return headers;
  if (headers.messageId !== undefined && headers.time !== undefined && headers.seq !== undefined) return headers;
  const envelope = readEnvelope(message.payload);
  headers.messageId ??= envelope.messageId;
  headers.time ??= envelope.time;
  headers.seq ??= envelope.seq;
  return headers;
}

/** The id of the message, in a user property or in its payload, whatever else it says; undefined where it has none of its form. */
export function messageIdOf(message: Message): string | undefined {
  const said = message.properties?.userProperties?.findLast(([name]) => name === headerNames.messageId);
  if (said === undefined) return readEnvelope(message.payload).messageId;
  return isMessageId(said[1]) ? said[1] : undefined;
}

/** Whether the message has an id, in a user property or in its payload. */
export function hasMessageId(message: Message): boolean {
  const userProperties = message.properties?.userProperties;
  if (userProperties?.some(([name]) => name === headerNames.messageId)) return true;
  return readEnvelope(message.payload).messageId !== undefined;
}

/** The message with this id, so that every later delivery of it has the same one. */
export function withMessageId(message: Message, messageId: string): Message {
  const { properties } = message;
  const userProperties = [...(properties?.userProperties ?? []), [headerNames.messageId, messageId] as const];
  return {
    topic: message.topic,
    payload: message.payload,
    qos: message.qos,
    retain: message.retain,
    properties: { ...properties, userProperties },
    receivedAt: message.receivedAt,
    publisher: message.publisher,
  };
}

/** The same message as it would have come in over MQTT, so that queue and replay know one form. */
export function toMessage(request: IngestRequest, receivedAt: number): Message {
  const userProperties: UserProperty[] = [];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) userProperties.push([name, String(value)]);
  };
  add(headerNames.messageId, request.messageId);
  add(headerNames.time, request.time);
  add(headerNames.seq, request.seq);
  add(headerNames.fPort, request.fPort);
  add(headerNames.firmware, request.firmwareVersion);
  add(headerNames.schema, request.schema);
  return {
    topic: buildDeviceTopic({ deviceId: request.deviceId, eventType: request.eventType ?? defaultEventType }),
    payload: request.payload,
    qos: 1,
    retain: false,
    properties: {
      ...(request.contentType === undefined ? {} : { contentType: request.contentType }),
      ...(userProperties.length === 0 ? {} : { userProperties }),
    },
    receivedAt,
    publisher: request.publisher,
  };
}

export const headerNames = {
  messageId: 'sluice-message-id',
  time: 'sluice-time',
  seq: 'sluice-seq',
  fPort: 'sluice-fport',
  firmware: 'sluice-firmware',
  schema: 'sluice-schema',
} as const;

type Headers = { -readonly [K in keyof DeviceMessage]: DeviceMessage[K] };

interface HeaderForm {
  /** Answers whether the value is of its form. */
  readonly read: (headers: Headers, value: string) => boolean;
  readonly form: string;
  readonly meaning: string;
}

/** How each user property is read, and what it has to look like. */
export const headerForms: Readonly<Record<string, HeaderForm>> = {
  [headerNames.messageId]: {
    read: (headers, value) => {
      headers.messageId = value;
      return isMessageId(value);
    },
    form: `1 to ${messageIdBytesMax} bytes without control characters`,
    meaning: 'The id of the message; a second one with the same is a duplicate. Without one the server gives it one',
  },
  [headerNames.time]: {
    read: (headers, value) => {
      headers.time = timeOf(value);
      return headers.time !== undefined;
    },
    form: timeForm,
    meaning: 'When it happened; else the time of its arrival counts',
  },
  [headerNames.seq]: {
    read: (headers, value) => {
      headers.seq = Number(value);
      return /^-?\d{1,16}$/.test(value) && Number.isSafeInteger(headers.seq);
    },
    form: 'an integer',
    meaning: 'The own counter of the device, which breaks ties of the time',
  },
  [headerNames.fPort]: {
    read: (headers, value) => {
      headers.fPort = Number(value);
      return /^\d{1,3}$/.test(value) && headers.fPort <= 255;
    },
    form: 'an integer from 0 to 255',
    meaning: 'The port that LoRaWAN codecs look at',
  },
  [headerNames.firmware]: {
    read: (headers, value) => {
      headers.firmwareVersion = value;
      return /^[!-~]{1,64}$/.test(value);
    },
    form: '1 to 64 visible ASCII characters',
    meaning: 'The firmware that made the payload, by which its driver is chosen',
  },
  [headerNames.schema]: {
    read: (headers, value) => {
      headers.schema = value;
      return isSchemaVersion(value) || parseSchemaUrn(value) !== undefined;
    },
    form: 'a version from 1, or urn:sluice:schema:{device type}:{event type}:{version}',
    meaning: 'The schema by which the readings are checked, where it is not to be the current one',
  },
};

/** Of the schema of the message's event type. */
export function isSchemaVersion(text: string): boolean {
  return /^[1-9]\d{0,8}$/.test(text);
}

function readHeaders(userProperties: readonly UserProperty[] | undefined): Headers | SluiceError {
  const headers: Headers = {
    messageId: undefined,
    time: undefined,
    seq: undefined,
    fPort: undefined,
    firmwareVersion: undefined,
    schema: undefined,
  };
  if (userProperties === undefined) return headers;
  for (const [name, value] of userProperties) {
    if (!name.startsWith('sluice-') || !Object.hasOwn(headerForms, name)) continue;
    const { read, form } = headerForms[name];
    if (!read(headers, value)) {
      return new SluiceError('invalid_argument', `Send ${name} as ${form}: met "${value.slice(0, 100)}"`);
    }
  }
  return headers;
}
