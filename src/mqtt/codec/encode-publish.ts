import type { QoS } from '../../message.ts';
import { type ByteSink, ByteWriter } from '../../std/bytes.ts';
import { propertiesSize, writeProperties } from './encode-properties.ts';
import { PacketType, type ProtocolVersion, type PublishProperties } from './packets.ts';
import { variableByteIntegerSize, writeVariableByteInteger } from './variable-byte-integer.ts';
import { stringSize, writeString } from './write-string.ts';

/**
 * Writes a PUBLISH. A sink may send a `lasting` payload without copying it. `packetId` is not looked at
 * on QoS 0, and `properties` not on 3.1.1. Throws SluiceError for a topic or packet larger than MQTT can say.
 */
export function encodePublish(
  sink: ByteSink,
  topic: string,
  payload: Buffer,
  properties: PublishProperties | undefined,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
  version: ProtocolVersion,
  lasting = false,
): void {
  encodePublishHead(sink, topic, payload.length, properties, qos, retain, dup, packetId, version);
  if (payload.length > 0) sink.append(payload, 0, payload.length, lasting);
}

/** Properties as they stand in a packet; they go behind those that are still to be encoded, and not to 3.1.1. */
export interface EncodedProperties {
  readonly bytes: Buffer;
}

/** Bytes of the whole packet, for a receiver's Maximum Packet Size. */
export function publishSize(
  topic: string,
  payloadBytes: number,
  properties: PublishProperties | undefined,
  qos: QoS,
  version: ProtocolVersion,
  added?: EncodedProperties,
): number {
  const propertyBytes = version === 5 ? propertiesSize('publish', properties) + (added?.bytes.length ?? 0) : 0;
  const remaining = bodyHeadSize(stringSize(topic), propertyBytes, qos, version) + payloadBytes;
  return 1 + variableByteIntegerSize(remaining) + remaining;
}

/** Payloads up to this size are part of the kept encoding; larger ones stay apart and are appended as they are. */
const inlinedBytesMax = 4096;

/**
 * One message for all its subscribers: written straight through for the first of a protocol version, and from then on
 * copied from the encoding that the second one made.
 */
export class PublishFrame {
  readonly #topic: string;
  readonly #payload: Buffer;
  readonly #properties: PublishProperties | undefined;
  readonly #lasting: boolean;
  readonly #encodings: Record<ProtocolVersion, Encoding | 'once' | undefined> = { 4: undefined, 5: undefined };

  constructor(topic: string, payload: Buffer, properties: PublishProperties | undefined, lasting = false) {
    this.#lasting = lasting;
    this.#topic = topic;
    this.#payload = payload;
    this.#properties = properties;
  }

  write(sink: ByteSink, qos: QoS, retain: boolean, dup: boolean, packetId: number, version: ProtocolVersion): void {
    const known = this.#encodings[version];
    if (known === undefined) {
      this.#encodings[version] = 'once';
      encodePublish(
        sink,
        this.#topic,
        this.#payload,
        this.#properties,
        qos,
        retain,
        dup,
        packetId,
        version,
        this.#lasting,
      );
    } else if (known === 'once') {
      const encoding = this.#encode(version);
      this.#encodings[version] = encoding;
      writeEncoding(sink, encoding, qos, retain, dup, packetId, this.#lasting);
    } else {
      writeEncoding(sink, known, qos, retain, dup, packetId, this.#lasting);
    }
  }

  /** Bytes of the whole packet. */
  size(qos: QoS, version: ProtocolVersion): number {
    const known = this.#encodings[version];
    if (known === undefined || known === 'once') {
      return publishSize(this.#topic, this.#payload.length, this.#properties, qos, version);
    }
    const remaining = remainingLength(known, qos);
    return 1 + variableByteIntegerSize(remaining) + remaining;
  }

  #encode(version: ProtocolVersion): Encoding {
    const payload = this.#payload;
    const inlined = payload.length <= inlinedBytesMax;
    const bytes = publishSize(this.#topic, payload.length, this.#properties, 0, version);
    const writer = new ByteWriter(inlined ? bytes : bytes - payload.length);
    const bodyBytes = encodePublishHead(
      writer,
      this.#topic,
      payload.length,
      this.#properties,
      0,
      false,
      false,
      0,
      version,
    );
    const bodyStart = 1 + variableByteIntegerSize(bodyBytes);
    const topicEnd = bodyStart + 2 + writer.buffer.readUInt16BE(bodyStart);
    if (inlined) writer.append(payload, 0, payload.length);
    return { frame: writer.bytes(), bodyStart, topicEnd, bodyBytes, apart: inlined ? undefined : payload };
  }
}

/** A PUBLISH at QoS 0, into which the packet identifier of QoS 1 and 2 fits behind the topic. */
interface Encoding {
  /** The whole packet, but for a payload that stands apart. */
  readonly frame: Buffer;
  readonly bodyStart: number;
  readonly topicEnd: number;
  /** Remaining length, with the payload. */
  readonly bodyBytes: number;
  readonly apart: Buffer | undefined;
}

function writeEncoding(
  sink: ByteSink,
  encoding: Encoding,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
  lasting: boolean,
): void {
  const { frame, bodyStart, topicEnd, apart } = encoding;
  if (qos === 0 && !retain) {
    // Its own encoding, which nobody changes.
    sink.append(frame, 0, frame.length, true);
  } else {
    // Two bytes of packet identifier, and one more of remaining length where they make it longer.
    sink.reserve(frame.length + 3);
    const { buffer } = sink;
    buffer[sink.position] = firstByte(qos, retain, dup);
    let at = writeVariableByteInteger(buffer, sink.position + 1, remainingLength(encoding, qos));
    at += frame.copy(buffer, at, bodyStart, topicEnd);
    if (qos > 0) {
      buffer[at++] = packetId >> 8;
      buffer[at++] = packetId & 0xff;
    }
    sink.position = at + frame.copy(buffer, at, topicEnd, frame.length);
  }
  if (apart !== undefined) sink.append(apart, 0, apart.length, lasting);
}

function remainingLength(encoding: Encoding, qos: QoS): number {
  return encoding.bodyBytes + (qos > 0 ? 2 : 0);
}

/** Writes all that stands in front of a payload, which the caller appends. Answers the remaining length. */
export function encodePublishHead(
  sink: ByteSink,
  topic: string,
  payloadBytes: number,
  properties: PublishProperties | undefined,
  qos: QoS,
  retain: boolean,
  dup: boolean,
  packetId: number,
  version: ProtocolVersion,
  added?: EncodedProperties,
): number {
  const topicBytes = stringSize(topic);
  const addedBytes = added === undefined ? 0 : added.bytes.length;
  const propertyBytes = version === 5 ? propertiesSize('publish', properties) + addedBytes : 0;
  const headBytes = bodyHeadSize(topicBytes, propertyBytes, qos, version);
  const remaining = headBytes + payloadBytes;
  sink.reserve(1 + variableByteIntegerSize(remaining) + headBytes);
  const { buffer } = sink;
  buffer[sink.position] = firstByte(qos, retain, dup);
  let at = writeVariableByteInteger(buffer, sink.position + 1, remaining);
  at = writeString(buffer, at, topic, topicBytes);
  if (qos > 0) {
    buffer[at++] = packetId >> 8;
    buffer[at++] = packetId & 0xff;
  }
  if (version === 5) {
    at = writeProperties(buffer, at, 'publish', properties, propertyBytes);
    if (added !== undefined) at += added.bytes.copy(buffer, at);
  }
  sink.position = at;
  return remaining;
}

/** Bytes between the fixed header and the payload. */
function bodyHeadSize(topicBytes: number, propertyBytes: number, qos: QoS, version: ProtocolVersion): number {
  const size = 2 + topicBytes + (qos > 0 ? 2 : 0);
  return version === 5 ? size + variableByteIntegerSize(propertyBytes) + propertyBytes : size;
}

function firstByte(qos: QoS, retain: boolean, dup: boolean): number {
  return (PacketType.publish << 4) | (dup ? 0x08 : 0) | (qos << 1) | (retain ? 0x01 : 0);
}
