import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import type { Message, MessageProperties, QoS } from '../message.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';
import type { JsonValue } from '../std/json.ts';
import { checkProperties } from './property-limits.ts';

/** How the bytes of a payload stand in JSON: `utf8` as text, `base64`, `json` as any JSON value, sent as its text. */
export type PayloadEncoding = 'utf8' | 'base64' | 'json';

/** `MessageProperties` with the bytes in base64. */
export interface PropertiesJson extends Omit<MessageProperties, 'correlationData'> {
  readonly correlationData?: string;
}

/** A message as a caller sends it. */
export interface MessageJson {
  readonly topic?: string;
  readonly payload: JsonValue;
  /** Text is `utf8` and everything else `json` where absent. */
  readonly encoding?: PayloadEncoding;
  readonly qos?: QoS;
  readonly retain?: boolean;
  readonly properties?: PropertiesJson;
}

/** What of a message is an answer's own. */
export interface MessageView {
  readonly topic: string;
  readonly payload: string;
  /** Text where the payload is valid UTF-8. */
  readonly encoding: 'utf8' | 'base64';
  readonly properties: PropertiesJson | undefined;
}

export interface MessageOrigin {
  /** For a message that names no topic. */
  readonly topic: string;
  readonly publisher: string;
  readonly source?: string | undefined;
  readonly receivedAt: number;
}

/**
 * Throws `payload_unreadable` where the payload is not what its encoding says, `invalid_topic` and `invalid_argument` where
 * topic or properties could not stand in an MQTT packet.
 */
export function messageFromJson(json: MessageJson, origin: MessageOrigin): Message {
  const topic = json.topic ?? origin.topic;
  const problem = topicNameProblem(topic);
  if (problem !== undefined) throw new SluiceError('invalid_topic', problem);
  return {
    topic,
    payload: payloadFromJson(json.payload, json.encoding),
    // What is published here is answered for, so it is sent on with an acknowledgement too.
    qos: json.qos ?? 1,
    retain: json.retain ?? false,
    properties: json.properties === undefined ? undefined : propertiesFromJson(json.properties),
    receivedAt: origin.receivedAt,
    publisher: origin.publisher,
    source: origin.source,
  };
}

export function messageToJson({ topic, payload, properties }: Message): MessageView {
  const text = isUtf8(payload);
  return {
    topic,
    payload: payload.toString(text ? 'utf8' : 'base64'),
    encoding: text ? 'utf8' : 'base64',
    properties: properties === undefined ? undefined : propertiesToJson(properties),
  };
}

export function payloadFromJson(
  payload: JsonValue,
  encoding: PayloadEncoding = typeof payload === 'string' ? 'utf8' : 'json',
): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify(payload));
  if (typeof payload !== 'string') {
    throw new SluiceError(
      'payload_unreadable',
      `Give the payload as text with encoding "${encoding}": met ${typeof payload}`,
    );
  }
  return encoding === 'utf8' ? Buffer.from(payload) : bytesFromBase64(payload, 'payload');
}

function propertiesFromJson(json: PropertiesJson): MessageProperties {
  const { correlationData, ...others } = json;
  const properties =
    correlationData === undefined
      ? others
      : { ...others, correlationData: bytesFromBase64(correlationData, 'correlationData') };
  checkProperties(properties);
  return properties;
}

function propertiesToJson(properties: MessageProperties): PropertiesJson {
  const { correlationData, ...others } = properties;
  return correlationData === undefined ? others : { ...others, correlationData: correlationData.toString('base64') };
}

/** Node skips what is not base64; a caller who made a mistake is told. Padding may be missing. */
function bytesFromBase64(text: string, field: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64').replace(/=+$/, '');
  if (canonical === text.replace(/=+$/, '')) return bytes;
  throw new SluiceError('payload_unreadable', `Give ${field} in base64: met ${JSON.stringify(text.slice(0, 40))}`);
}
