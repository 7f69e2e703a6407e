import { hex, MalformedPacket, malformed, mismatch, protocolError, Refusal } from './malformed.ts';
import type { PacketReader } from './packet-reader.ts';
import {
  type PropertiesOf,
  type PropertyPlace,
  type PropertyRow,
  type PropertyType,
  properties,
  propertyIn,
} from './properties.ts';

/** Reads a property length and the properties behind it; undefined where there are none. Binary values are views. */
export function decodeProperties<P extends PropertyPlace>(reader: PacketReader, place: P): PropertiesOf[P] | undefined {
  const length = reader.variableByteInteger('a property length');
  if (length === 0) return undefined;
  if (length > propertyBytesMax) throw tooManyBytes(reader, length);
  const part = reader.part(length, 'properties');
  const values: Record<string, unknown> = {};
  while (part.remaining > 0) decodeProperty(part, place, values);
  return values as unknown as PropertiesOf[P];
}

/**
 * All properties of one packet, as they are on the wire. Five bytes make a user property, which takes twenty times as much in
 * memory, so that a packet of 4 MiB would take 100 MiB.
 */
export const propertyBytesMax = 256 * 1024;

function tooManyBytes(reader: PacketReader, length: number): MalformedPacket {
  const met = mismatch(reader.packet, `at most ${propertyBytesMax} bytes of properties`, length);
  return new MalformedPacket(Refusal.packetTooLarge, met, 'MQTT 5 section 4.13.2');
}

function decodeProperty(reader: PacketReader, place: PropertyPlace, values: Record<string, unknown>): void {
  const id = reader.variableByteInteger('a property identifier');
  const row = propertyIn[place][id];
  if (row === undefined) throw misplaced(reader, place, id);
  const value = readers[row.type](reader, row);
  const before = values[row.name];
  if (row.repeatable === undefined) {
    if (before !== undefined)
      throw protocolError(reader.packet, `${row.name} at most once`, 'two', 'MQTT 5 section 2.2.2');
    values[row.name] = value;
  } else if (before === undefined) {
    values[row.name] = [value];
  } else {
    (before as unknown[]).push(value);
  }
}

const readers: Record<PropertyType, (reader: PacketReader, row: PropertyRow) => unknown> = {
  flag: readFlag,
  uint16: (reader, row) => nonZero(reader, row, reader.uint16(row.name)),
  uint32: (reader, row) => nonZero(reader, row, reader.uint32(row.name)),
  variableByteInteger: (reader, row) => nonZero(reader, row, reader.variableByteInteger(row.name)),
  string: (reader, row) => reader.string(row.name),
  topicName: readTopicName,
  binary: (reader, row) => reader.binary(row.name),
  stringPair: (reader, row) => [reader.string(row.name), reader.string(row.name)],
};

function readFlag(reader: PacketReader, row: PropertyRow): number {
  const value = reader.byte(row.name);
  if (value > 1) throw protocolError(reader.packet, `${row.name} 0 or 1`, value, 'MQTT 5 section 2.2.2.2');
  return value;
}

function nonZero(reader: PacketReader, row: PropertyRow, value: number): number {
  if (value === 0 && row.nonZero !== undefined) {
    const reason = row.zeroReason ?? Refusal.protocolError;
    throw new MalformedPacket(reason, mismatch(reader.packet, `${row.name} from 1`, 0), 'MQTT 5 section 2.2.2.2');
  }
  return value;
}

/** A topic that is no topic name is a protocol error here, other than in the packet's own topic [MQTT-3.3.2-14]. */
function readTopicName(reader: PacketReader, row: PropertyRow): string {
  const topic = reader.name(row.name);
  if (topic === '' || topic.includes('+') || topic.includes('#')) {
    throw protocolError(reader.packet, `${row.name} a topic name`, JSON.stringify(topic.slice(0, 80)), 'MQTT-3.3.2-14');
  }
  return topic;
}

/** Malformed, whether another packet has such a property or none. */
function misplaced(reader: PacketReader, place: PropertyPlace, id: number): MalformedPacket {
  const elsewhere = properties.find((row) => row.id === id);
  const met = elsewhere === undefined ? hex(id) : `${elsewhere.name} (${hex(id)})`;
  return malformed(reader.packet, `a property of ${place}`, met, 'MQTT 5 section 2.2.2.2');
}
