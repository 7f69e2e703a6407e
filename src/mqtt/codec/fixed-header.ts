import { hex, malformed, protocolError } from './malformed.ts';
import { PacketType } from './packets.ts';

interface FixedHeader {
  readonly name: string;
  /** The low four bits of the first byte. PUBLISH has flags of its own there. */
  readonly flags: number | undefined;
}

/** Tables 2-1 and 2-2 of MQTT 5, by packet type. Type 0 is reserved. */
const fixedHeaders: readonly (FixedHeader | undefined)[] = [
  undefined,
  { name: 'CONNECT', flags: 0 },
  { name: 'CONNACK', flags: 0 },
  { name: 'PUBLISH', flags: undefined },
  { name: 'PUBACK', flags: 0 },
  { name: 'PUBREC', flags: 0 },
  { name: 'PUBREL', flags: 2 },
  { name: 'PUBCOMP', flags: 0 },
  { name: 'SUBSCRIBE', flags: 2 },
  { name: 'SUBACK', flags: 0 },
  { name: 'UNSUBSCRIBE', flags: 2 },
  { name: 'UNSUBACK', flags: 0 },
  { name: 'PINGREQ', flags: 0 },
  { name: 'PINGRESP', flags: 0 },
  { name: 'DISCONNECT', flags: 0 },
  { name: 'AUTH', flags: 0 },
];

/** The packet's name as the specification writes it, for messages. */
export function packetName(type: number): string {
  return fixedHeaders[type]?.name ?? `packet of type ${type}`;
}

/** The first byte of every packet but PUBLISH. */
export function firstByteOf(type: number): number {
  return (type << 4) | (fixedHeaders[type]?.flags ?? 0);
}

/** In MQTT 3.1 PUBREL, SUBSCRIBE and UNSUBSCRIBE say by a DUP flag that they are sent again. */
export function withoutDupOfMqtt31(firstByte: number): number {
  return firstByte >> 4 === PacketType.publish ? firstByte : firstByte & ~0x08;
}

/** Refuses the reserved packet type, which can be told from the first byte alone: section 2.1.2. */
export function checkType(firstByte: number): void {
  if (firstByte < 0x10) throw protocolError('packet', 'a packet type from 1 to 15', 0, 'MQTT 5 section 2.1.2');
}

/** Refuses a first byte that is not the one of its type: [MQTT-2.1.3-1]. Not for PUBLISH. */
export function checkFirstByte(firstByte: number): void {
  const type = firstByte >> 4;
  checkType(firstByte);
  if (type !== PacketType.publish && firstByte !== firstByteOf(type)) {
    throw malformed(packetName(type), `first byte ${hex(firstByteOf(type))}`, hex(firstByte), 'MQTT-2.1.3-1');
  }
}
