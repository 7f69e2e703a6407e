import type { QoS } from '../../message.ts';
import { decodeProperties } from './decode-properties.ts';
import { malformed, protocolError } from './malformed.ts';
import { PacketReader } from './packet-reader.ts';
import {
  PacketType,
  type ProtocolVersion,
  type PublishPacket,
  type PublishProperties,
  type Reused,
} from './packets.ts';
import { decodeTopicName } from './topic-name.ts';

export { decodeTopicName } from './topic-name.ts';

/**
 * Reads the structure of a PUBLISH and its properties; topic and payload stay where they are. Whether the topic is a topic
 * name says `decodeTopicName`, which a receiver that remembers topics by their bytes can spare. A receiver that handles one
 * packet before it decodes the next gives the same `packet` each time. Throws MalformedPacket.
 */
export function decodePublish(
  buffer: Buffer,
  firstByte: number,
  bodyStart: number,
  bodyEnd: number,
  version: ProtocolVersion,
  packet: Reused<PublishPacket> = emptyPublish(),
): PublishPacket {
  const qos = (firstByte >> 1) & 0x03;
  const dup = (firstByte & 0x08) !== 0;
  if (qos === 3) throw malformed('PUBLISH', 'QoS 0, 1 or 2', qos, 'MQTT-3.3.1-4');
  if (dup && qos === 0) throw malformed('PUBLISH', 'DUP 0 at QoS 0', 1, 'MQTT-3.3.1-2');

  const topicStart = bodyStart + 2;
  if (topicStart > bodyEnd) throw short('2 bytes of topic length', bodyEnd - bodyStart);
  const topicEnd = topicStart + ((buffer[bodyStart] << 8) | buffer[bodyStart + 1]);
  if (topicEnd > bodyEnd) throw short(`${topicEnd - topicStart} bytes of topic`, bodyEnd - topicStart);

  let payloadStart = topicEnd;
  let packetId = 0;
  if (qos > 0) {
    payloadStart += 2;
    if (payloadStart > bodyEnd) throw short('2 bytes of packet identifier', bodyEnd - topicEnd);
    packetId = (buffer[topicEnd] << 8) | buffer[topicEnd + 1];
    if (packetId === 0) throw protocolError('PUBLISH', 'a packet identifier from 1', 0, 'MQTT-2.2.1-3');
  }

  let properties: PublishProperties | undefined;
  if (version === 5) {
    if (payloadStart < bodyEnd && buffer[payloadStart] === 0) {
      payloadStart++;
    } else {
      const reader = new PacketReader(buffer, payloadStart, bodyEnd, 'PUBLISH');
      properties = decodeProperties(reader, 'publish');
      payloadStart = reader.at;
    }
  }
  if (topicStart === topicEnd) checkAlias(properties, version);

  packet.qos = qos as QoS;
  packet.retain = (firstByte & 0x01) !== 0;
  packet.dup = dup;
  packet.packetId = packetId;
  packet.properties = properties;
  packet.buffer = buffer;
  packet.topicStart = topicStart;
  packet.topicEnd = topicEnd;
  packet.payloadStart = payloadStart;
  packet.payloadEnd = bodyEnd;
  return packet;
}

/** To be decoded into. */
export function emptyPublish(): Reused<PublishPacket> {
  return {
    type: PacketType.publish,
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
    buffer: nothing,
    topicStart: 0,
    topicEnd: 0,
    payloadStart: 0,
    payloadEnd: 0,
  };
}

const nothing = Buffer.alloc(0);

/** The topic name in the packet; empty where a topic alias stands alone. Throws MalformedPacket where it is not a topic name. */
export function topicOf(packet: PublishPacket): string {
  if (packet.topicStart === packet.topicEnd) return '';
  return decodeTopicName(packet.buffer, packet.topicStart, packet.topicEnd);
}

/** A view of the payload, not a copy. */
export function payloadOf(packet: PublishPacket): Buffer {
  return packet.buffer.subarray(packet.payloadStart, packet.payloadEnd);
}

function checkAlias(properties: PublishProperties | undefined, version: ProtocolVersion): void {
  if (version === 4) throw malformed('PUBLISH', 'a topic name of at least one character', 'none', 'MQTT-4.7.3-1');
  if (properties?.topicAlias === undefined) {
    throw protocolError('PUBLISH', 'a topic name or a topic alias', 'neither', 'MQTT 5 section 3.3.2.1');
  }
}

function short(expected: string, met: number): Error {
  return malformed('PUBLISH', expected, met, 'MQTT 5 section 2.1.4');
}
