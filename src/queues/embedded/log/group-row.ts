import { crc32 } from 'node:zlib';
import { writeU32, writeU48 } from '../../../std/numbers.ts';
import { queueNameProblem } from '../../queue-name.ts';
import { SettledRanges } from './settled-ranges.ts';

/** What the disk holds of a group. */
export interface StoredGroup {
  /** Empty where the group is gone, and others of its rows may be left. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly usedAt: number;
  readonly settled: SettledRanges;
}

/*
 * Value of a row in `groups`, all numbers big-endian; the checksum is over all that follows it:
 *
 *   0       4           10       16         22         23
 *   +-------+-----------+--------+----------+----------+-------+-------------------------------+
 *   | crc32 | createdAt | usedAt | position | name len | name  | ranges, see settled-ranges.ts |
 *   | u32   | u48 ms    | u48 ms | u48      | u8       | ascii | rest                          |
 *   +-------+-----------+--------+----------+----------+-------+-------------------------------+
 *
 * A row without a name is of a group that is gone, see group-removals.ts. Group 0 is none: its row says how far the compaction of the log has come, see compaction.ts.
 */
const fixedBytes = 23;

/** The row of a group that is gone while others of its rows may be left: it has no name. */
export function endedGroup(): Buffer {
  return encodeGroup({ name: '', createdAt: 0, usedAt: 0, settled: new SettledRanges(0) });
}

export function encodeGroup({ name, createdAt, usedAt, settled }: StoredGroup): Buffer {
  const ranges = settled.encode();
  const row = Buffer.allocUnsafe(fixedBytes + name.length + ranges.length);
  writeU48(row, createdAt, 4);
  writeU48(row, usedAt, 10);
  writeU48(row, settled.position, 16);
  row[22] = name.length;
  row.write(name, fixedBytes, 'latin1');
  row.set(ranges, fixedBytes + name.length);
  row.writeUInt32BE(crc32(row.subarray(4)), 0);
  return row;
}

/** Undefined where the row is damaged. */
export function decodeGroup(row: Buffer): StoredGroup | undefined {
  if (row.length < fixedBytes || row.readUInt32BE(0) !== crc32(row.subarray(4))) return undefined;
  const nameEnd = fixedBytes + row[22];
  return {
    name: row.toString('latin1', fixedBytes, nameEnd),
    createdAt: row.readUIntBE(4, 6),
    usedAt: row.readUIntBE(10, 6),
    settled: SettledRanges.decode(row.readUIntBE(16, 6), row.subarray(nameEnd)),
  };
}

/** The name in a damaged row, where it still looks like one. */
export function nameInDamaged(row: Buffer): string | undefined {
  if (row.length < fixedBytes) return undefined;
  const name = row.toString('latin1', fixedBytes, fixedBytes + row[22]);
  return queueNameProblem(name) === undefined ? name : undefined;
}

export function groupKey(queue: number, group: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  writeU32(key, queue, 0);
  writeU32(key, group, 4);
  return key;
}

export function groupOfKey(key: Buffer): number {
  return key.readUInt32BE(4);
}

export function groupStateKey(queue: number, group: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(14);
  writeU32(key, queue, 0);
  writeU32(key, group, 4);
  writeU48(key, sequence, 8);
  return key;
}

export function sequenceOfGroupStateKey(key: Buffer): number {
  return key.readUIntBE(8, 6);
}
