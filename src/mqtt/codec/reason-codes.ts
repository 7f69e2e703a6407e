import { packetName } from './fixed-header.ts';
import { hex, protocolError } from './malformed.ts';
import { PacketType, type ProtocolVersion } from './packets.ts';

const acknowledged = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const released = [0x00, 0x92];

/** The codes that a packet may carry, by version and packet type: table 2-6 of MQTT 5, tables 3.1 and 3.9.3 of 3.1.1. */
const codes: Record<ProtocolVersion, Readonly<Record<number, readonly number[]>>> = {
  4: {
    [PacketType.connack]: [0, 1, 2, 3, 4, 5],
    [PacketType.suback]: [0x00, 0x01, 0x02, 0x80],
  },
  5: {
    [PacketType.connack]: [
      0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b,
      0x9c, 0x9d, 0x9f,
    ],
    [PacketType.puback]: acknowledged,
    [PacketType.pubrec]: acknowledged,
    [PacketType.pubrel]: released,
    [PacketType.pubcomp]: released,
    [PacketType.suback]: [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
    [PacketType.unsuback]: [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
    [PacketType.disconnect]: [
      0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
      0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
    ],
    [PacketType.auth]: [0x00, 0x18, 0x19],
  },
};

/** One row of 256 for each version and type, so that a check is one look. */
const allowed = { 4: bitmaps(codes[4]), 5: bitmaps(codes[5]) };

/** Answers the code, or refuses one that this packet type does not have. */
export function checkReasonCode(type: number, code: number, version: ProtocolVersion): number {
  if (allowed[version][type]?.[code] !== true) {
    throw protocolError(packetName(type), 'a reason code of this packet', hex(code), 'MQTT 5 section 2.4');
  }
  return code;
}

/** The codes that a packet type may carry; empty where it carries none. */
export function reasonCodesOf(type: number, version: ProtocolVersion): readonly number[] {
  return codes[version][type] ?? [];
}

function bitmaps(rows: Readonly<Record<number, readonly number[]>>): readonly (readonly boolean[] | undefined)[] {
  return Array.from({ length: 16 }, (_, type) => {
    const row = rows[type];
    return row && Array.from({ length: 256 }, (_, code) => row.includes(code));
  });
}
