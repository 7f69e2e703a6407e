import type { QoS } from '../../message.ts';
import { decodeProperties } from './decode-properties.ts';
import { malformed, protocolError } from './malformed.ts';
import { PacketReader } from './packet-reader.ts';
import { PacketType, type ProtocolVersion, type PublishPacket, type PublishProperties } from './packets.ts';
import { decodeTopicName } from './topic-name.ts';

export { decodeTopicName } from './topic-name.ts';

/**
 * Reads the structure of a PUBLISH and its properties; topic and payload stay where they are. Whether the topic is a topic
 * name says `decodeTopicName`, which a receiver that remembers topics by their bytes can spare. Throws MalformedPacket.
 */
export function decodePublish(
  buffer: Buffer,
  firstByte: number,
  bodyStart: number,
  bodyEnd: number,
  version: ProtocolVersion,
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

  return {
    type: PacketType.publish,
    qos: qos as QoS,
    retain: (firstByte & 0x01) !== 0,
    dup,
    packetId,
    properties,
    buffer,
    topicStart,
    topicEnd,
    payloadStart,
    payloadEnd: bodyEnd,
  };
}

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
    throw malformed('PUBLISH', 'a topic name or a topic alias', 'neither', 'MQTT 5 section 3.3.2.1');
  }
}

function short(expected: string, met: number): Error {
  return malformed('PUBLISH', expected, met, 'MQTT 5 section 2.1.4');
}
