import type { JsonValue } from '../../../std/json.ts';
import type { UplinkInput, UplinkOutput } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { examples } from './examples.ts';
import { type Layout, layouts } from './layouts.ts';

/** Cayenne Low Power Payload, by the names that The Things Network gives its values: `temperature_1`, `gps_2`. */
export const driver = defineDriver({
  id: 'cayenne-lpp',
  version: '1.0.0',
  match: { deviceType: 'cayenne-lpp', firmware: '*' },
  events: {},
  decodeUplink: ({ bytes }) => decodeCayenneLpp(bytes),
  examples,
});

/** There is no registered name; this one is what such payloads are called. */
export function isCayenneLpp(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/(vnd\.|x-)?cayenne-?lpp\b/i.test(contentType);
}

/*
 *   0         1      2
 *   +---------+------+--------+---------+------+-----
 *   | channel | type | value  | channel | type | …
 *   | u8      | u8   | by type, big-endian
 *   +---------+------+--------+---------+------+-----
 */
export function decodeCayenneLpp(bytes: UplinkInput['bytes']): UplinkOutput {
  if (bytes.length === 0) return failure('Send at least one value: met no bytes at all');
  const data: Record<string, JsonValue> = {};
  const warnings: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const layout = layouts[bytes[at + 1]];
    // How long an unknown value is, nobody can tell: nothing behind it could be read.
    if (layout === undefined) return failure(`Unknown type ${bytes[at + 1] ?? 'of no byte'} at byte ${at + 1}`);
    const end = at + 2 + sizeOf(layout);
    if (end > bytes.length) return failure(`"${layout.name}" ends at byte ${end}: met ${bytes.length} bytes`);
    const name = `${layout.name}_${bytes[at]}`;
    if (Object.hasOwn(data, name)) warnings.push(`"${name}" came more than once: the last one is kept`);
    data[name] = readValue(layout, bytes, at + 2);
    at = end;
  }
  return warnings.length === 0 ? { data } : { data, warnings };
}

function sizeOf({ fields }: Layout): number {
  return fields.reduce((sum, field) => sum + field.bytes, 0);
}

function readValue({ fields }: Layout, bytes: UplinkInput['bytes'], start: number): JsonValue {
  const value: Record<string, number> = {};
  let at = start;
  for (const field of fields) {
    let number = 0;
    for (let index = 0; index < field.bytes; index++) number = number * 256 + bytes[at + index];
    if (field.isSigned && bytes[at] >= 0x80) number -= 2 ** (8 * field.bytes);
    value[field.name] = number / field.divisor;
    at += field.bytes;
  }
  return fields.length === 1 ? value[''] : value;
}

function failure(error: string): UplinkOutput {
  return { errors: [error] };
}
