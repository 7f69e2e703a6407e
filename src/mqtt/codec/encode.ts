import type { ByteSink } from '../../std/bytes.ts';
import { encodeAck } from './encode-ack.ts';
import { encodeConnect } from './encode-connect.ts';
import { firstByteOf } from './fixed-header.ts';
import { PacketWriter } from './packet-writer.ts';
import {
  type AckPacket,
  type AuthPacket,
  type ConnackPacket,
  type ControlPacket,
  type DisconnectPacket,
  PacketType,
  type PingreqPacket,
  type PingrespPacket,
  type ProtocolVersion,
  type SubackPacket,
  type SubscribePacket,
  type SubscriptionRequest,
  type UnsubackPacket,
  type UnsubscribePacket,
} from './packets.ts';

/**
 * Writes a packet of any type but PUBLISH. `version` is that of the connection; a CONNECT has its own. Fields that the
 * version does not know are left out. Throws SluiceError `invalid_argument` for a string or binary field over 65,535 bytes.
 */
export function encodePacket(sink: ByteSink, packet: ControlPacket, version: ProtocolVersion): void {
  if (packet.type >= PacketType.puback && packet.type <= PacketType.pubcomp) {
    const { type, packetId, reasonCode, properties } = packet as AckPacket;
    encodeAck(sink, type, packetId, reasonCode, version, properties);
  } else if (packet.type === PacketType.pingreq || packet.type === PacketType.pingresp) {
    encodeEmpty(sink, packet.type);
  } else {
    const writer = new PacketWriter();
    const encodeBody = encoders[packet.type as keyof Encoders] as Encoder<ControlPacket>;
    encodeBody(writer, packet, version);
    writer.writeTo(sink, firstByteOf(packet.type));
  }
}

type Encoder<P> = (writer: PacketWriter, packet: P, version: ProtocolVersion) => void;
type PacketWithBody = Exclude<ControlPacket, AckPacket | PingreqPacket | PingrespPacket>;
type Encoders = { readonly [P in PacketWithBody as P['type']]: Encoder<P> };

const encoders: Encoders = {
  [PacketType.connect]: encodeConnect,
  [PacketType.connack]: encodeConnack,
  [PacketType.subscribe]: encodeSubscribe,
  [PacketType.suback]: encodeSuback,
  [PacketType.unsubscribe]: encodeUnsubscribe,
  [PacketType.unsuback]: encodeUnsuback,
  [PacketType.disconnect]: encodeDisconnect,
  [PacketType.auth]: encodeAuth,
};

function encodeEmpty(sink: ByteSink, type: number): void {
  sink.reserve(2);
  sink.buffer[sink.position++] = firstByteOf(type);
  sink.buffer[sink.position++] = 0;
}

function encodeConnack(writer: PacketWriter, packet: ConnackPacket, version: ProtocolVersion): void {
  writer.byte(packet.sessionPresent ? 1 : 0);
  writer.byte(packet.reasonCode);
  if (version === 5) writer.properties('connack', packet.properties);
}

function encodeSubscribe(writer: PacketWriter, packet: SubscribePacket, version: ProtocolVersion): void {
  writer.uint16(packet.packetId);
  if (version === 5) writer.properties('subscribe', packet.properties);
  for (const request of packet.subscriptions) {
    writer.string(request.filter);
    writer.byte(version === 5 ? optionsOf(request) : request.qos);
  }
}

/** The bits are drawn in `decode-subscribe.ts`. */
function optionsOf(request: SubscriptionRequest): number {
  const { qos, noLocal, retainAsPublished, retainHandling } = request;
  return qos | (noLocal ? 0x04 : 0) | (retainAsPublished ? 0x08 : 0) | (retainHandling << 4);
}

function encodeSuback(writer: PacketWriter, packet: SubackPacket, version: ProtocolVersion): void {
  writer.uint16(packet.packetId);
  if (version === 5) writer.properties('suback', packet.properties);
  // 3.1.1 has one code for every refusal: section 3.9.3.
  for (const code of packet.reasonCodes) writer.byte(version === 4 && code >= 0x80 ? 0x80 : code);
}

function encodeUnsubscribe(writer: PacketWriter, packet: UnsubscribePacket, version: ProtocolVersion): void {
  writer.uint16(packet.packetId);
  if (version === 5) writer.properties('unsubscribe', packet.properties);
  for (const filter of packet.filters) writer.string(filter);
}

function encodeUnsuback(writer: PacketWriter, packet: UnsubackPacket, version: ProtocolVersion): void {
  writer.uint16(packet.packetId);
  if (version === 4) return;
  writer.properties('unsuback', packet.properties);
  for (const code of packet.reasonCodes) writer.byte(code);
}

function encodeDisconnect(writer: PacketWriter, packet: DisconnectPacket, version: ProtocolVersion): void {
  if (version === 4 || (packet.reasonCode === 0 && packet.properties === undefined)) return;
  writer.byte(packet.reasonCode);
  if (packet.properties !== undefined) writer.properties('disconnect', packet.properties);
}

function encodeAuth(writer: PacketWriter, packet: AuthPacket, version: ProtocolVersion): void {
  if (version === 4) throw new TypeError('Cannot encode AUTH for MQTT 3.1.1: the packet came with MQTT 5');
  // Success without properties could be left out, but receivers that do not know that are about.
  writer.byte(packet.reasonCode);
  writer.properties('auth', packet.properties);
}
