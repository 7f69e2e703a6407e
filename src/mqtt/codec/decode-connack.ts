import { checkAuthentication } from './authentication.ts';
import { decodeProperties } from './decode-properties.ts';
import { hex, malformed, protocolError } from './malformed.ts';
import type { PacketReader } from './packet-reader.ts';
import { type ConnackPacket, PacketType, type ProtocolVersion } from './packets.ts';
import { checkReasonCode } from './reason-codes.ts';

export function decodeConnack(reader: PacketReader, version: ProtocolVersion): ConnackPacket {
  const flags = reader.byte('acknowledge flags');
  if (flags > 1) throw malformed(reader.packet, 'acknowledge flags 0 or 1', hex(flags), 'MQTT-3.2.2-1');
  const reasonCode = checkReasonCode(PacketType.connack, reader.byte('a reason code'), version);
  if (flags === 1 && reasonCode !== 0) {
    throw protocolError(reader.packet, `session present 0 with reason code ${hex(reasonCode)}`, 1, 'MQTT-3.2.2-6');
  }
  const properties = version === 5 ? decodeProperties(reader, 'connack') : undefined;
  checkAuthentication(reader.packet, properties);
  return { type: PacketType.connack, sessionPresent: flags === 1, reasonCode, properties };
}
