import type { ByteSink } from '../../std/bytes.ts';
import { propertiesSize, writeProperties } from './encode-properties.ts';
import { firstByteOf } from './fixed-header.ts';
import type { AckPacket, ProtocolVersion, ReasonProperties } from './packets.ts';
import { variableByteIntegerSize, writeVariableByteInteger } from './variable-byte-integer.ts';

/**
 * Writes PUBACK, PUBREC, PUBREL or PUBCOMP as short as section 3.4.2 allows. 3.1.1 has neither reason code nor properties:
 * there both are left out.
 */
export function encodeAck(
  sink: ByteSink,
  type: AckPacket['type'],
  packetId: number,
  reasonCode: number,
  version: ProtocolVersion,
  properties?: ReasonProperties,
): void {
  const size = version === 5 ? propertiesSize('puback', properties) : 0;
  if (size === 0) encodeShort(sink, type, packetId, version === 5 ? reasonCode : 0);
  else encodeLong(sink, type, packetId, reasonCode, properties, size);
}

/** Bytes of such a packet of MQTT 5 with these properties. */
export function ackBytes(properties: ReasonProperties | undefined): number {
  const size = propertiesSize('puback', properties);
  const remaining = 3 + variableByteIntegerSize(size) + size;
  return 1 + variableByteIntegerSize(remaining) + remaining;
}

function encodeShort(sink: ByteSink, type: AckPacket['type'], packetId: number, reasonCode: number): void {
  sink.reserve(5);
  const { buffer } = sink;
  let at = sink.position;
  buffer[at++] = firstByteOf(type);
  buffer[at++] = reasonCode === 0 ? 2 : 3;
  buffer[at++] = packetId >> 8;
  buffer[at++] = packetId & 0xff;
  if (reasonCode !== 0) buffer[at++] = reasonCode;
  sink.position = at;
}

function encodeLong(
  sink: ByteSink,
  type: AckPacket['type'],
  packetId: number,
  reasonCode: number,
  properties: ReasonProperties | undefined,
  size: number,
): void {
  const remaining = 3 + variableByteIntegerSize(size) + size;
  sink.reserve(1 + variableByteIntegerSize(remaining) + remaining);
  const { buffer } = sink;
  buffer[sink.position] = firstByteOf(type);
  let at = writeVariableByteInteger(buffer, sink.position + 1, remaining);
  buffer[at++] = packetId >> 8;
  buffer[at++] = packetId & 0xff;
  buffer[at++] = reasonCode;
  sink.position = writeProperties(buffer, at, 'puback', properties, size);
}
