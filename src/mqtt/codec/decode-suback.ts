import { decodeProperties } from './decode-properties.ts';
import { protocolError } from './malformed.ts';
import type { PacketReader } from './packet-reader.ts';
import { PacketType, type ProtocolVersion, type SubackPacket, type UnsubackPacket } from './packets.ts';
import { checkReasonCode } from './reason-codes.ts';

export function decodeSuback(reader: PacketReader, version: ProtocolVersion): SubackPacket {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, 'suback') : undefined;
  const reasonCodes = decodeReasonCodes(reader, PacketType.suback, version);
  return { type: PacketType.suback, packetId, reasonCodes, properties };
}

export function decodeUnsuback(reader: PacketReader, version: ProtocolVersion): UnsubackPacket {
  const packetId = reader.packetId();
  const properties = version === 5 ? decodeProperties(reader, 'unsuback') : undefined;
  const reasonCodes = version === 5 ? decodeReasonCodes(reader, PacketType.unsuback, version) : [];
  return { type: PacketType.unsuback, packetId, reasonCodes, properties };
}

/** One for each filter of the request, which has at least one. */
function decodeReasonCodes(reader: PacketReader, type: number, version: ProtocolVersion): number[] {
  if (reader.remaining === 0) throw protocolError(reader.packet, 'at least one reason code', 0, 'MQTT-3.8.4-6');
  const reasonCodes: number[] = [];
  while (reader.remaining > 0) reasonCodes.push(checkReasonCode(type, reader.byte('a reason code'), version));
  return reasonCodes;
}
