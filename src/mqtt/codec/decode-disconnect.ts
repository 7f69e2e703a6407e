import { checkAuthentication } from './authentication.ts';
import { decodeProperties } from './decode-properties.ts';
import { protocolError } from './malformed.ts';
import type { PacketReader } from './packet-reader.ts';
import { type AuthPacket, type DisconnectPacket, PacketType, type ProtocolVersion } from './packets.ts';
import { checkReasonCode } from './reason-codes.ts';

export function decodeDisconnect(reader: PacketReader, version: ProtocolVersion): DisconnectPacket {
  const type = PacketType.disconnect;
  if (version === 4 || reader.remaining === 0) return { type, reasonCode: 0, properties: undefined };
  const reasonCode = checkReasonCode(type, reader.byte('a reason code'), version);
  // The property length may be left out too: section 3.14.2.2.1.
  const properties = reader.remaining === 0 ? undefined : decodeProperties(reader, 'disconnect');
  return { type, reasonCode, properties };
}

export function decodeAuth(reader: PacketReader, version: ProtocolVersion): AuthPacket {
  const type = PacketType.auth;
  if (version === 4)
    throw protocolError(reader.packet, 'a packet of MQTT 3.1.1', 'one of MQTT 5', 'MQTT 3.1.1 section 2.2.1');
  if (reader.remaining === 0) return { type, reasonCode: 0, properties: undefined };
  const reasonCode = checkReasonCode(type, reader.byte('a reason code'), version);
  const properties = decodeProperties(reader, 'auth');
  checkAuthentication(reader.packet, properties);
  return { type, reasonCode, properties };
}
