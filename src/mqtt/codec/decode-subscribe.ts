import type { QoS } from '../../message.ts';
import { decodeProperties } from './decode-properties.ts';
import { hex, malformed } from './malformed.ts';
import type { PacketReader } from './packet-reader.ts';
import {
  PacketType,
  type ProtocolVersion,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubscribePacket,
} from './packets.ts';

export function decodeSubscribe(reader: PacketReader, version: ProtocolVersion): SubscribePacket {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, 'subscribe') : undefined;
  if (reader.remaining === 0) throw malformed(reader.packet, 'at least one subscription', 0, 'MQTT-3.8.3-2');
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.remaining > 0) subscriptions.push(decodeSubscription(reader, version));
  return { type: PacketType.subscribe, packetId, subscriptions, properties };
}

export function decodeUnsubscribe(reader: PacketReader, version: ProtocolVersion): UnsubscribePacket {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, 'unsubscribe') : undefined;
  if (reader.remaining === 0) throw malformed(reader.packet, 'at least one topic filter', 0, 'MQTT-3.10.3-2');
  const filters: string[] = [];
  while (reader.remaining > 0) filters.push(decodeFilter(reader));
  return { type: PacketType.unsubscribe, packetId, filters, properties };
}

/*
 * Subscription options, section 3.8.3.1. In 3.1.1 bits 7 to 2 are reserved.
 *
 *   bit   7-6       5-4              3                    2         1-0
 *       +---------+----------------+--------------------+---------+-----+
 *       | reserved| retain handling| retain as published| no local| QoS |
 *       +---------+----------------+--------------------+---------+-----+
 */
const reservedBits: Record<ProtocolVersion, number> = { 4: 0xfc, 5: 0xc0 };

function decodeSubscription(reader: PacketReader, version: ProtocolVersion): SubscriptionRequest {
  const filter = decodeFilter(reader);
  const options = reader.byte('subscription options');
  if ((options & reservedBits[version]) !== 0) {
    throw malformed(reader.packet, 'reserved bits 0 in the subscription options', hex(options), 'MQTT-3.8.3-5');
  }
  const qos = options & 0x03;
  if (qos === 3) throw malformed(reader.packet, 'maximum QoS 0, 1 or 2', 3, 'MQTT 5 section 3.8.3.1');
  const retainHandling = (options >> 4) & 0x03;
  if (retainHandling === 3) throw malformed(reader.packet, 'retain handling 0, 1 or 2', 3, 'MQTT 5 section 3.8.3.1');
  return {
    filter,
    qos: qos as QoS,
    noLocal: (options & 0x04) !== 0,
    retainAsPublished: (options & 0x08) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  };
}

/** A filter as a string; whether its wildcards stand where they may is for the topics to say. */
function decodeFilter(reader: PacketReader): string {
  const filter = reader.name('topic filter');
  if (filter === '') throw malformed(reader.packet, 'a topic filter of at least one character', 'none', 'MQTT-4.7.3-1');
  return filter;
}
