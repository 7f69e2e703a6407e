import type { UserProperty } from '../../message.ts';
import { type PropertiesOf, type PropertyPlace, type PropertyType, propertiesIn } from './properties.ts';
import { variableByteIntegerSize, writeVariableByteInteger } from './variable-byte-integer.ts';
import { stringSize, writeBinary, writeString } from './write-string.ts';

type Values = Readonly<Record<string, unknown>>;

/** Bytes of the properties, without the property length in front. */
export function propertiesSize<P extends PropertyPlace>(place: P, properties: PropertiesOf[P] | undefined): number {
  if (properties === undefined) return 0;
  let size = 0;
  for (const row of propertiesIn[place]) {
    const value = (properties as Values)[row.name];
    if (value === undefined) continue;
    const { size: sizeOf } = writers[row.type];
    if (row.repeatable === undefined) size += 1 + sizeOf(value);
    else for (const item of value as readonly unknown[]) size += 1 + sizeOf(item);
  }
  return size;
}

/**
 * Writes the property length and the properties; `size` is the answer of `propertiesSize`, and more where the caller puts
 * others behind. Answers the position behind them.
 */
export function writeProperties<P extends PropertyPlace>(
  buffer: Buffer,
  start: number,
  place: P,
  properties: PropertiesOf[P] | undefined,
  size: number,
): number {
  let at = writeVariableByteInteger(buffer, start, size);
  if (properties === undefined) return at;
  for (const row of propertiesIn[place]) {
    const value = (properties as Values)[row.name];
    if (value === undefined) continue;
    for (const item of row.repeatable === undefined ? [value] : (value as readonly unknown[])) {
      buffer[at] = row.id;
      at = writers[row.type].write(buffer, at + 1, item);
    }
  }
  return at;
}

/** The properties by themselves, without their length in front. */
export function encodeProperties<P extends PropertyPlace>(place: P, properties: PropertiesOf[P]): Buffer {
  const size = propertiesSize(place, properties);
  const head = variableByteIntegerSize(size);
  const buffer = Buffer.alloc(head + size);
  writeProperties(buffer, 0, place, properties, size);
  return buffer.subarray(head);
}

interface ValueWriter {
  size(value: unknown): number;
  write(buffer: Buffer, at: number, value: unknown): number;
}

const text: ValueWriter = {
  size: (value) => 2 + stringSize(value as string),
  write: (buffer, at, value) => writeString(buffer, at, value as string, stringSize(value as string)),
};

const writers: Record<PropertyType, ValueWriter> = {
  flag: { size: () => 1, write: (buffer, at, value) => buffer.writeUInt8(value as number, at) },
  uint16: { size: () => 2, write: (buffer, at, value) => buffer.writeUInt16BE(value as number, at) },
  uint32: { size: () => 4, write: (buffer, at, value) => buffer.writeUInt32BE(value as number, at) },
  variableByteInteger: {
    size: (value) => variableByteIntegerSize(value as number),
    write: (buffer, at, value) => writeVariableByteInteger(buffer, at, value as number),
  },
  string: text,
  topicName: text,
  binary: {
    size: (value) => 2 + (value as Buffer).length,
    write: (buffer, at, value) => writeBinary(buffer, at, value as Buffer),
  },
  stringPair: {
    size: (value) => text.size((value as UserProperty)[0]) + text.size((value as UserProperty)[1]),
    write: (buffer, at, value) =>
      text.write(buffer, text.write(buffer, at, (value as UserProperty)[0]), (value as UserProperty)[1]),
  },
};
