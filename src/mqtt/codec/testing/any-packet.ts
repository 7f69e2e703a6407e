import type { QoS } from '../../../message.ts';
import type { ByteSink } from '../../../std/bytes.ts';
import { decodePacket } from '../decode.ts';
import { decodePublish, payloadOf, topicOf } from '../decode-publish.ts';
import { encodePacket } from '../encode.ts';
import { encodePublish } from '../encode-publish.ts';
import { FrameReader } from '../frames.ts';
import { type ControlPacket, PacketType, type ProtocolVersion, type PublishProperties } from '../packets.ts';

/** A PUBLISH with its topic and payload taken out, so that it can be compared with another one. */
export interface ReadPublish {
  readonly type: typeof PacketType.publish;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  readonly properties: PublishProperties | undefined;
}

export type AnyPacket = ControlPacket | ReadPublish;

/** Decodes a packet of any type, with a PUBLISH read to the end. */
export function decodeAny(
  buffer: Buffer,
  firstByte: number,
  bodyStart: number,
  bodyEnd: number,
  version: ProtocolVersion,
): AnyPacket {
  if (firstByte >> 4 !== PacketType.publish) return decodePacket(buffer, firstByte, bodyStart, bodyEnd, version);
  const packet = decodePublish(buffer, firstByte, bodyStart, bodyEnd, version);
  const { type, qos, retain, dup, packetId, properties } = packet;
  return { type, topic: topicOf(packet), payload: payloadOf(packet), qos, retain, dup, packetId, properties };
}

export function encodeAny(sink: ByteSink, packet: AnyPacket, version: ProtocolVersion): void {
  if (packet.type !== PacketType.publish) {
    encodePacket(sink, packet, version);
  } else {
    const { topic, payload, properties, qos, retain, dup, packetId } = packet;
    encodePublish(sink, topic, payload, properties, qos, retain, dup, packetId, version);
  }
}

/** Reads the chunks as one connection would and answers every packet in them. `packetBytesMax` is that of the reader. */
export function readPackets(
  chunks: readonly Buffer[],
  version: ProtocolVersion,
  packetBytesMax = 268_435_460,
): AnyPacket[] {
  const packets: AnyPacket[] = [];
  const frame = (buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean => {
    // The packets are looked at when their bytes are gone.
    const body = Buffer.from(buffer.subarray(bodyStart, bodyEnd));
    packets.push(decodeAny(body, firstByte, 0, body.length, version));
    return true;
  };
  const reader = new FrameReader({ frame }, packetBytesMax);
  for (const chunk of chunks) reader.push(chunk);
  return packets;
}
