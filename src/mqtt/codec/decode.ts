import { decodeAck } from './decode-ack.ts';
import { decodeConnack } from './decode-connack.ts';
import { decodeConnect } from './decode-connect.ts';
import { decodeAuth, decodeDisconnect } from './decode-disconnect.ts';
import { decodeSuback, decodeUnsuback } from './decode-suback.ts';
import { decodeSubscribe, decodeUnsubscribe } from './decode-subscribe.ts';
import { checkFirstByte, packetName } from './fixed-header.ts';
import { PacketReader } from './packet-reader.ts';
import { type ControlPacket, PacketType, type ProtocolVersion } from './packets.ts';

/**
 * Reads a whole packet of any type but PUBLISH, sent by client or server. Binary fields are views of `buffer`. `version` is
 * that of the connection; a CONNECT brings its own. Throws MalformedPacket.
 */
export function decodePacket(
  buffer: Buffer,
  firstByte: number,
  bodyStart: number,
  bodyEnd: number,
  version: ProtocolVersion,
): ControlPacket {
  const type = firstByte >> 4;
  if (type >= PacketType.puback && type <= PacketType.pubcomp) {
    return decodeAck(buffer, firstByte, bodyStart, bodyEnd, version);
  }
  checkFirstByte(firstByte);
  const decode = decoders[type];
  if (decode === undefined) throw new TypeError(`Cannot decode ${packetName(type)} here: decodePublish reads it`);
  const reader = new PacketReader(buffer, bodyStart, bodyEnd, packetName(type));
  const packet = decode(reader, version);
  reader.finish();
  return packet;
}

type Decoder = (reader: PacketReader, version: ProtocolVersion) => ControlPacket;

const decoders: Readonly<Record<number, Decoder | undefined>> = {
  [PacketType.connect]: decodeConnect,
  [PacketType.connack]: decodeConnack,
  [PacketType.subscribe]: decodeSubscribe,
  [PacketType.suback]: decodeSuback,
  [PacketType.unsubscribe]: decodeUnsubscribe,
  [PacketType.unsuback]: decodeUnsuback,
  [PacketType.pingreq]: () => ({ type: PacketType.pingreq }),
  [PacketType.pingresp]: () => ({ type: PacketType.pingresp }),
  [PacketType.disconnect]: decodeDisconnect,
  [PacketType.auth]: decodeAuth,
};
