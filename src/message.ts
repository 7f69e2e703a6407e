// The global of that name is looked up at each use.
import { Buffer } from 'node:buffer';
import { SluiceError } from './errors.ts';
import { readU48, writeU48 } from './std/numbers.ts';
import { utf8Size, writeUtf8 } from './std/text.ts';

/** The one shape of a message inside the platform, whichever door it came through. */
export interface Message {
  readonly topic: string;
  /**
   * May be a view of the buffer that the network is read into, which what is handled next writes over, before any microtask; so may
   * `correlationData`. Whoever keeps a message beyond the call in which it got it keeps the record of `encodeMessage` (or a copy) instead.
   */
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  /** Absent where the publisher sent none, which is the common case. */
  readonly properties: MessageProperties | undefined;
  /** Milliseconds since the Unix epoch, by this server's clock. */
  readonly receivedAt: number;
  /** Client id of the MQTT client, or the name under which an HTTP caller is known. */
  readonly publisher: string;
  /** Of one to be retained: who published it, by `Access.sourceOf`. Absent: the server itself. No part of the record. */
  readonly source?: string | undefined;
}

/** A message whose payload still lies among the other bytes of its packet: most are stored and sent without anybody making a view of it. */
export interface UnwrappedMessage extends Message {
  readonly payloadBytes: number;
  copyPayload(target: Buffer, at: number): void;
}

export type QoS = 0 | 1 | 2;

/** What a publisher says about its message and Sluice passes on unchanged. Names are those of MQTT 5, section 3.3.2.3. */
export interface MessageProperties {
  readonly payloadFormatIndicator?: 0 | 1;
  /** Seconds from `receivedAt`. */
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  /** In the order sent; a name may occur more than once. */
  readonly userProperties?: readonly UserProperty[];
}

export type UserProperty = readonly [name: string, value: string];

/** The value of the first user property of that name. */
export function userProperty(message: Message, name: string): string | undefined {
  return message.properties?.userProperties?.find(([key]) => key === name)?.[1];
}

/** When the message expires, in epoch milliseconds; infinity where it does not. */
export function expiresAt(message: Message): number {
  const seconds = message.properties?.messageExpiryInterval;
  return seconds === undefined ? Number.POSITIVE_INFINITY : message.receivedAt + seconds * 1000;
}

/**
 * Who waits for a message to be safe. One waiter serves many messages: `tag` is the waiter's own number for this one,
 * so that waiting costs neither a promise nor a closure.
 */
export interface ReceiptWaiter {
  /**
   * Called exactly once for each admitted message, in the order of admission for messages that one destination stores
   * (a refusal may overtake them):
   * without `failure` after the commit that holds the message was flushed, with it when the message was not stored.
   * `outcome` is what became of a message that was processed at once.
   */
  receipt(tag: number, failure: SluiceError | undefined, outcome?: string): void;
  /**
   * Whether its messages rather wait than be refused for something that passes, since a refusal would cost the connection or
   * the message. Absent: no.
   */
  readonly patient?: boolean;
  /** A receipt that the message is safe is enough: it need not be processed first, where both are possible. */
  readonly safeIsEnough?: boolean;
  /**
   * Whether who sent the message may publish to that topic too: for a destination that makes a message of another topic out of
   * it, since rights were asked for the one that it came with. `child` is the device that the topic is of, where it is known to be
   * behind the device that sent the message. Absent: no.
   */
  mayPublish?(topic: string, child?: ChildDevice): boolean;
  /** Whether a failure came for this tag already, in the turn of its admission. */
  failed?(tag: number): boolean;
  /**
   * The message waits, so its receipt comes later than the next flush: stop reading from who sent it until then. Called at
   * most once for a tag, before its receipt: in the turn of its admission, or in a later one where something has to be looked
   * up before it is known.
   */
  held?(tag: number, cause: HoldCause): void;
}

/** A device behind a gateway. */
export interface ChildDevice {
  readonly id: string;
  readonly deviceType: string;
}

/** What a message waits for: room in a queue, or that its device may send again. */
export type HoldCause = 'blocked_queue' | 'device_rate';

/** Where a topic leads inside a sink. */
export interface Destination {
  /**
   * Takes the message, or refuses it. True: `waiter.receipt(tag, …)` will follow, in a later turn or in this one.
   * False: the message is of no interest here and no receipt will come.
   */
  admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean;
}

/** Something that every publish is offered to, beside the live subscribers. */
export interface MessageSink {
  readonly name: string;
  /** Where messages of this topic go; undefined when nowhere. The router keeps the answer until `routesChanged`. */
  route(topic: string): Destination | undefined;
  /** Registers the one listener that is told when earlier answers of `route` no longer hold. */
  onRoutesChanged(listener: () => void): void;
}

/** What a consumer says of a message that it held. */
export type Settlement =
  | { readonly kind: 'acknowledged' }
  /** Given back untouched: not counted as an attempt, ready again at once. */
  | { readonly kind: 'released' }
  /** Tried and failed: counted, tried again after the queue's back-off, dead-lettered after the last attempt. */
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly reason: string;
      readonly headers?: readonly UserProperty[];
    }
  /** Can never succeed: straight to the dead letters. */
  | {
      readonly kind: 'rejected';
      readonly code: string;
      readonly reason: string;
      readonly headers?: readonly UserProperty[];
    }
  /** Its time ran out before it was passed on. */
  | { readonly kind: 'expired' };

export const acknowledged: Settlement = { kind: 'acknowledged' };
export const released: Settlement = { kind: 'released' };

/** A message in the hands of one consumer until it is settled or its lease ends. */
export interface Delivery {
  readonly message: Message;
  readonly queue: string;
  /** Position in the queue: grows, may have gaps. */
  readonly sequence: number;
  /** 1 for the first time. */
  readonly attempt: number;
  /** Epoch milliseconds. */
  readonly enqueuedAt: number;
  /** Why it was dead-lettered, for a dead letter. */
  readonly death: Death | undefined;
  /** Whether the lease still stands: false once it was settled, expired or taken back. */
  readonly held: boolean;
  /** Ends the lease. A second call, or one after the lease was lost, changes nothing and answers false. */
  settle(settlement: Settlement): boolean;
  /** Moves the end of the lease to `leaseMs` from now, or to what its queue leases for. False where it no longer stands. */
  extend(leaseMs?: number): boolean;
}

/** Why a message is in a dead-letter queue. */
export interface Death {
  readonly queue: string;
  readonly sequence: number;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
  /** What the consumer that rejected it added: for the pipeline the stage, driver, fingerprint. */
  readonly headers: readonly UserProperty[];
}

/** One who takes messages as they come, within the credit that it gave. */
export interface Consumer {
  readonly id: string;
  /** Called with at most `credit` deliveries unsettled. Must not throw. */
  deliver(delivery: Delivery): void;
  /** The source ended the consumption: the queue is gone or the platform stops. Nothing is delivered afterwards. */
  ended(reason: SluiceError): void;
}

/** How much a consumer takes at a time. */
export interface Credit {
  /** Most unsettled deliveries. */
  readonly credit: number;
  /**
   * Bytes of unsettled messages, as stored, from which no further one is delivered: a message that is larger than all of it
   * still comes, alone. Absent: any number.
   */
  readonly creditBytes?: number;
}

export interface Consumption {
  /**
   * As in `Credit`; `creditBytes` stays as it is where it is not given. A lower credit than what is out stops further deliveries
   * until it fits.
   */
  setCredit(credit: number, creditBytes?: number): void;
  /** Takes no more, and gives back what is unsettled, uncounted. */
  stop(): void;
}

/** A place that clients consume from by subscribing to a filter of its own (`$queue/…`, `$q/…`). */
export interface ConsumerSource {
  claims(filter: string): boolean;
  /** The queue behind the filter and the topic filters that feed it: consuming needs the right to all of them. */
  resolve(filter: string): Promise<{ queue: string; filters: readonly string[] }>;
  consume(filter: string, consumer: Consumer, request: SourceRequest): Promise<Consumption>;
  /** Registers a listener that is told, in the same turn, when `resolve` may answer other filters than before. */
  onFeedingChanged(listener: () => void): void;
}

export interface SourceRequest extends Credit {
  /** What the client said beside the filter, as user properties of its SUBSCRIBE. */
  readonly properties?: readonly UserProperty[];
}

/*
 * Record of a message, all numbers big-endian:
 *
 *   0      1      2            8           10
 *   +------+------+------------+-----------+-------+--------------+-----------+----------------+------------+---------+
 *   | ver  | flags| receivedAt | topic len | topic | publisher len| publisher | [properties len| properties]| payload |
 *   | u8=1 | u8   | u48 ms     | u16       | utf-8 | u16          | utf-8     | u32            | JSON       | rest    |
 *   +------+------+------------+-----------+-------+--------------+-----------+----------------+------------+---------+
 *
 * flags: bits 0-1 QoS, bit 2 retain, bit 3 properties follow. `correlationData` stands as base64 in the JSON.
 */
const recordVersion = 1;
const propertiesFollow = 0x08;

/** Writes the message as one buffer of its own, with `headroom` free bytes in front for the caller. Throws where topic or publisher do not fit. */
export function encodeMessage(message: Message, headroom = 0): Buffer {
  const topicBytes = textBytes(message.topic, 'topic');
  const publisherBytes = textBytes(message.publisher, 'publisher');
  const properties = message.properties === undefined ? '' : JSON.stringify(toJson(message.properties));
  const propertiesBytes = utf8Size(properties);
  const size =
    12 +
    topicBytes +
    publisherBytes +
    (properties === '' ? 0 : 4 + propertiesBytes) +
    (isUnwrapped(message) ? message.payloadBytes : message.payload.length) +
    headroom;
  const record = Buffer.allocUnsafe(size);
  let at = headroom;
  record[at] = recordVersion;
  record[at + 1] = message.qos | (message.retain ? 0x04 : 0) | (properties === '' ? 0 : propertiesFollow);
  writeU48(record, message.receivedAt, at + 2);
  at += 8;
  record[at++] = topicBytes >> 8;
  record[at++] = topicBytes & 0xff;
  at = writeUtf8(record, at, message.topic, topicBytes);
  record[at++] = publisherBytes >> 8;
  record[at++] = publisherBytes & 0xff;
  at = writeUtf8(record, at, message.publisher, publisherBytes);
  if (properties !== '') {
    at = record.writeUInt32BE(propertiesBytes, at);
    at = writeUtf8(record, at, properties, propertiesBytes);
  }
  if (isUnwrapped(message)) message.copyPayload(record, at);
  else record.set(message.payload, at);
  return record;
}

function isUnwrapped(message: Message | UnwrappedMessage): message is UnwrappedMessage {
  return 'copyPayload' in message;
}

/** Reads a record from `start`. The payload is a view of `record`. Throws where the record is not one. */
export function decodeMessage(record: Buffer, start = 0): Message {
  if (record[start] !== recordVersion) {
    throw new Error(`Cannot read message record: expected version ${recordVersion}, met ${record[start]}`);
  }
  const flags = record[start + 1];
  const receivedAt = readU48(record, start + 2);
  const topicEnd = start + 10 + record.readUInt16BE(start + 8);
  const topic = record.toString('utf8', start + 10, topicEnd);
  const publisherEnd = topicEnd + 2 + record.readUInt16BE(topicEnd);
  const publisher = record.toString('utf8', topicEnd + 2, publisherEnd);
  let payloadStart = publisherEnd;
  let properties: MessageProperties | undefined;
  if ((flags & propertiesFollow) !== 0) {
    payloadStart = publisherEnd + 4 + record.readUInt32BE(publisherEnd);
    properties = fromJson(JSON.parse(record.toString('utf8', publisherEnd + 4, payloadStart)));
  }
  if (payloadStart > record.length) {
    throw new Error(`Cannot read message record: expected ${payloadStart - start} bytes, met ${record.length - start}`);
  }
  return {
    topic,
    payload: record.subarray(payloadStart),
    qos: (flags & 0x03) as QoS,
    retain: (flags & 0x04) !== 0,
    properties,
    receivedAt,
    publisher,
  };
}

/** Length in UTF-8; two bytes hold it in the record. */
function textBytes(text: string, name: 'topic' | 'publisher'): number {
  const bytes = utf8Size(text);
  if (bytes <= 0xffff) return bytes;
  const code = name === 'topic' ? 'invalid_topic' : 'invalid_argument';
  throw new SluiceError(code, `Cannot store message: its ${name} has ${bytes} bytes, at most 65,535 fit`);
}

function toJson(properties: MessageProperties): object {
  if (properties.correlationData === undefined) return properties;
  return { ...properties, correlationData: properties.correlationData.toString('base64') };
}

function fromJson(json: MessageProperties & { correlationData?: unknown }): MessageProperties {
  if (typeof json.correlationData !== 'string') return json;
  return { ...json, correlationData: Buffer.from(json.correlationData, 'base64') };
}
