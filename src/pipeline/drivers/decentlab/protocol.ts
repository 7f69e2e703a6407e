import type { JsonObject } from '../../../std/json.ts';
import type { UplinkOutput } from '../../driver.ts';

/** One value that a group of words gives. */
export interface Measure {
  readonly name: string;
  readonly displayName: string;
  readonly unit: string | undefined;
  /** From the words of the group, each 0 to 65,535. */
  readonly convert: (words: readonly number[]) => number;
}

/** A sensor inside a device: sends its words together or not at all. */
export interface SensorGroup {
  readonly words: number;
  readonly measures: readonly Measure[];
}

/** The groups of each device model, in the order of their flag bits. */
export type SensorTable = Readonly<Record<string, readonly SensorGroup[]>>;

export function measure(
  name: string,
  displayName: string,
  unit: string | undefined,
  convert: Measure['convert'],
): Measure {
  return { name, displayName, unit, convert };
}

export function group(words: number, ...measures: Measure[]): SensorGroup {
  return { words, measures };
}

/** Offset of words that may be negative. */
export const signOffset = 32768;

/** A word and the one behind it as the low and high half of one number, as counters and bridge converters send it. */
export function pair(words: readonly number[], at: number): number {
  return words[at] + words[at + 1] * 65536;
}

/** A 24-bit converter's reading as a part of its full scale, -1 to 1. */
export function bridge(words: readonly number[], at: number): number {
  return pair(words, at) / 8388608 - 1;
}

const protocolVersion = 2;
const headerBytes = 5;

/*
 * Protocol 2, numbers big-endian:
 *
 *   0     1           3       5
 *   +-----+-----------+-------+------------------
 *   | 2   | device id | flags | words of group 0, words of group 1, …
 *   | u8  | u16       | u16   | u16 each
 *   +-----+-----------+-------+------------------
 *
 * Bit i of the flags says that group i follows.
 */
export function decode(bytes: ArrayLike<number>, groups: readonly SensorGroup[]): UplinkOutput {
  if (bytes[0] !== protocolVersion) {
    return { errors: [`Expected protocol version ${protocolVersion}, met ${bytes[0] ?? 'an empty payload'}`] };
  }
  if (bytes.length < headerBytes) return { errors: [`Expected ${headerBytes} bytes or more, met ${bytes.length}`] };
  const flags = word(bytes, 3);
  const data: Record<string, number | JsonObject> = { protocol_version: protocolVersion, device_id: word(bytes, 1) };
  let at = headerBytes;
  for (const [index, sensor] of groups.entries()) {
    if ((flags & (1 << index)) === 0) continue;
    const end = at + 2 * sensor.words;
    if (end > bytes.length) {
      return { errors: [`Sensor group ${index} ends early: expected ${end} bytes, met ${bytes.length}`] };
    }
    readGroup(data, sensor, bytes, at);
    at = end;
  }
  const left = bytes.length - at;
  return left === 0 ? { data } : { data, warnings: [`Ignored ${left} bytes behind the sensor groups that are known`] };
}

function readGroup(
  data: Record<string, number | JsonObject>,
  sensor: SensorGroup,
  bytes: ArrayLike<number>,
  start: number,
): void {
  const words: number[] = [];
  for (let index = 0; index < sensor.words; index++) words.push(word(bytes, start + 2 * index));
  for (const { name, displayName, unit, convert } of sensor.measures) {
    const value = convert(words);
    data[name] = unit === undefined ? { displayName, value } : { displayName, value, unit };
  }
}

function word(bytes: ArrayLike<number>, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
