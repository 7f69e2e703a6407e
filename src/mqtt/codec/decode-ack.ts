import { decodeProperties } from './decode-properties.ts';
import { checkFirstByte, packetName } from './fixed-header.ts';
import { malformed, protocolError } from './malformed.ts';
import { PacketReader } from './packet-reader.ts';
import { type AckPacket, PacketType, type ProtocolVersion, type Reused } from './packets.ts';
import type { PropertyPlace } from './properties.ts';
import { checkReasonCode } from './reason-codes.ts';

type AckPlace = Extract<PropertyPlace, 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'>;

/** By packet type, less 4. */
const ackPlaces: readonly AckPlace[] = ['puback', 'pubrec', 'pubrel', 'pubcomp'];

/**
 * Reads PUBACK, PUBREC, PUBREL or PUBCOMP. A receiver that handles one packet before it decodes the next gives the same
 * `packet` each time. Throws MalformedPacket.
 */
export function decodeAck(
  buffer: Buffer,
  firstByte: number,
  bodyStart: number,
  bodyEnd: number,
  version: ProtocolVersion,
  packet: Reused<AckPacket> = emptyAck(),
): AckPacket {
  checkFirstByte(firstByte);
  const type = (firstByte >> 4) as AckPacket['type'];
  const length = bodyEnd - bodyStart;
  if (length < 2 || (version === 4 && length > 2)) {
    throw malformed(packetName(type), '2 bytes of packet identifier', length, 'MQTT 5 section 3.4.2');
  }
  const packetId = (buffer[bodyStart] << 8) | buffer[bodyStart + 1];
  if (packetId === 0) throw protocolError(packetName(type), 'a packet identifier from 1', 0, 'MQTT-2.2.1-3');
  packet.type = type;
  packet.packetId = packetId;
  // Reason code and property length may be left out: section 3.4.2.1.
  packet.reasonCode = length === 2 ? 0 : checkReasonCode(type, buffer[bodyStart + 2], version);
  packet.properties = length <= 3 ? undefined : propertiesOf(type, buffer, bodyStart + 3, bodyEnd);
  return packet;
}

function propertiesOf(type: AckPacket['type'], buffer: Buffer, start: number, end: number): AckPacket['properties'] {
  const reader = new PacketReader(buffer, start, end, packetName(type));
  const properties = decodeProperties(reader, ackPlaces[type - 4]);
  reader.finish();
  return properties;
}

/** To be decoded into. */
export function emptyAck(): Reused<AckPacket> {
  return { type: PacketType.puback, packetId: 0, reasonCode: 0, properties: undefined };
}
