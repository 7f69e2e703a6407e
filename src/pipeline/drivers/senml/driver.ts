import type { JsonValue } from '../../../std/json.ts';
import type { DecodedReading, UplinkInput, UplinkOutput } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { examples } from './examples.ts';
import { recordsOfCbor, recordsOfJson } from './records.ts';
import { type ResolvedRecord, resolve } from './resolve.ts';

/** Sensor Measurement Lists (RFC 8428), in JSON or in CBOR, for device types of this name and wherever the content type says so. */
export const driver = defineDriver({
  id: 'senml',
  version: '1.0.0',
  match: { deviceType: 'senml', firmware: '*' },
  events: {},
  decodeUplink: decodeSenml,
  examples,
});

const recordsMax = 1000;

export function isSenml(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/sen(s)?ml[+-](json|cbor)\b/i.test(contentType);
}

/**
 * One reading for each time in the pack. A value is called as in the pack where all of its names begin with the same base,
 * which is the device and known from its connection; else by its full name. Units stand beside under `units`, and a sum
 * under the name with `_sum`.
 */
export function decodeSenml({ bytes, contentType, recvTime }: UplinkInput): UplinkOutput {
  const payload = Uint8Array.from(bytes);
  try {
    const records = isCbor(payload, contentType) ? recordsOfCbor(payload) : recordsOfJson(payload);
    if (records.length > recordsMax) throw new Error(`at most ${recordsMax} records, met ${records.length}`);
    const resolved = resolve(records, recvTime.getTime());
    if (resolved.length === 0) throw new Error('at least one record with a value');
    return { messages: readingsOf(resolved) };
  } catch (problem) {
    return { errors: [`Send a SenML pack that can be read: ${(problem as Error).message}`] };
  }
}

/** Where nothing says so: an array of CBOR begins with a byte that no JSON begins with. */
function isCbor(payload: Uint8Array, contentType: string | undefined): boolean {
  return isSenml(contentType) ? /cbor/i.test(contentType ?? '') : payload[0] >= 0x80;
}

function readingsOf(records: readonly ResolvedRecord[]): readonly DecodedReading[] {
  const isOneBase = records.every(({ baseName }) => baseName === records[0].baseName);
  const readings: Reading[] = [];
  /** The reading of a time that is being filled. */
  const open = new Map<number | undefined, Reading>();
  for (const record of records) {
    const key = isOneBase && record.ownName !== '' ? record.ownName : record.baseName + record.ownName;
    let reading = open.get(record.time);
    // The same name at the same time a second time: none of them may be lost.
    if (reading === undefined || reading.names.has(key)) {
      reading = { time: record.time, names: new Set(), values: [], units: [] };
      open.set(record.time, reading);
      readings.push(reading);
    }
    add(reading, key, record);
  }
  return readings.map(toReading);
}

interface Reading {
  readonly time: number | undefined;
  readonly names: Set<string>;
  readonly values: [string, JsonValue][];
  readonly units: [string, JsonValue][];
}

function add({ names, values, units }: Reading, key: string, { value, sum, unit }: ResolvedRecord): void {
  names.add(key);
  if (value !== undefined) values.push([key, value]);
  if (sum !== undefined) values.push([`${key}_sum`, sum]);
  if (unit !== undefined) units.push([key, unit]);
}

function toReading({ time, values, units }: Reading): DecodedReading {
  const data = Object.fromEntries(units.length === 0 ? values : [...values, ['units', Object.fromEntries(units)]]);
  return time === undefined ? { data } : { data, time };
}
