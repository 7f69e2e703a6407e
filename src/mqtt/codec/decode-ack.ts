import { decodeProperties } from './decode-properties.ts';
import { checkFirstByte, packetName } from './fixed-header.ts';
import { malformed, protocolError } from './malformed.ts';
import { PacketReader } from './packet-reader.ts';
import type { AckPacket, ProtocolVersion } from './packets.ts';
import type { PropertyPlace } from './properties.ts';
import { checkReasonCode } from './reason-codes.ts';

type AckPlace = Extract<PropertyPlace, 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'>;

/** By packet type, less 4. */
const ackPlaces: readonly AckPlace[] = ['puback', 'pubrec', 'pubrel', 'pubcomp'];

/** Reads PUBACK, PUBREC, PUBREL or PUBCOMP. Throws MalformedPacket. */
export function decodeAck(
  buffer: Buffer,
  firstByte: number,
  bodyStart: number,
  bodyEnd: number,
  version: ProtocolVersion,
): AckPacket {
  checkFirstByte(firstByte);
  const type = (firstByte >> 4) as AckPacket['type'];
  const length = bodyEnd - bodyStart;
  if (length < 2 || (version === 4 && length > 2)) {
    throw malformed(packetName(type), '2 bytes of packet identifier', length, 'MQTT 5 section 3.4.2');
  }
  const packetId = (buffer[bodyStart] << 8) | buffer[bodyStart + 1];
  if (packetId === 0) throw protocolError(packetName(type), 'a packet identifier from 1', 0, 'MQTT-2.2.1-3');
  // Reason code and property length may be left out: section 3.4.2.1.
  if (length === 2) return { type, packetId, reasonCode: 0, properties: undefined };
  const reasonCode = checkReasonCode(type, buffer[bodyStart + 2], version);
  if (length === 3) return { type, packetId, reasonCode, properties: undefined };
  const reader = new PacketReader(buffer, bodyStart + 3, bodyEnd, packetName(type));
  const properties = decodeProperties(reader, ackPlaces[type - 4]);
  reader.finish();
  return { type, packetId, reasonCode, properties };
}
