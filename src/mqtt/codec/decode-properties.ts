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
  const part = reader.part(length, 'properties');
  const values: Record<string, unknown> = {};
  while (part.remaining > 0) decodeProperty(part, place, values);
  return values as unknown as PropertiesOf[P];
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
  topicName: (reader, row) => reader.topicName(row.name),
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

function misplaced(reader: PacketReader, place: PropertyPlace, id: number): MalformedPacket {
  const known = properties.find((row) => row.id === id)?.name;
  const met = known === undefined ? hex(id) : `${known} (${hex(id)})`;
  return malformed(reader.packet, `a property of ${place}`, met, 'MQTT 5 section 2.2.2.2');
}
