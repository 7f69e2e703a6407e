import type { JsonObject, JsonValue } from '../../../std/json.ts';
import type { UplinkInput, UplinkOutput } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { examplesOf } from '../../examples/device-payloads.ts';

/** What one channel and type says: how many bytes its value takes, and the readings in it. */
interface Channel {
  readonly length: number;
  readonly read: (bytes: ArrayLike<number>, at: number) => Record<string, JsonValue>;
}

/*
 * A payload is a row of entries, numbers little-endian:
 *
 *   +---------+------+-------+---------+------+-------+
 *   | channel | type | value | channel | type | value | …
 *   | u8      | u8   |       | u8      | u8   |       |
 *   +---------+------+-------+---------+------+-------+
 */
const channels: Readonly<Record<string, Channel>> = {
  '01 75': { length: 1, read: (bytes, at) => ({ battery: bytes[at] }) },
  '03 67': { length: 2, read: (bytes, at) => ({ temperature: signed(bytes, at) / 10 }) },
  '04 68': { length: 1, read: (bytes, at) => ({ humidity: bytes[at] / 2 }) },
  '05 6a': { length: 2, read: (bytes, at) => ({ activity: unsigned(bytes, at) }) },
  '06 65': {
    length: 6,
    read: (bytes, at) => ({
      illumination: unsigned(bytes, at),
      infrared_and_visible: unsigned(bytes, at + 2),
      infrared: unsigned(bytes, at + 4),
    }),
  },
  '07 7d': { length: 2, read: (bytes, at) => ({ co2: unsigned(bytes, at) }) },
  '08 7d': { length: 2, read: (bytes, at) => ({ tvoc: unsigned(bytes, at) }) },
  '09 73': { length: 2, read: (bytes, at) => ({ pressure: unsigned(bytes, at) / 10 }) },
};

const number = { type: 'number' };

const telemetry: JsonObject = {
  type: 'object',
  properties: {
    battery: { type: 'number', minimum: 0, maximum: 100 },
    temperature: number,
    humidity: { type: 'number', minimum: 0, maximum: 100 },
    activity: number,
    illumination: number,
    infrared_and_visible: number,
    infrared: number,
    co2: number,
    tvoc: number,
    pressure: number,
  },
};

/** Milesight AM107, ambience sensor: °C, % relative humidity, ppm CO₂, ppb TVOC, hPa, lux. */
export const driver = defineDriver({
  id: 'milesight-am107',
  version: '1.0.0',
  match: { deviceType: 'milesight-am107', firmware: '*' },
  events: { telemetry },
  decodeUplink,
  examples: examplesOf('milesight-am107'),
});

function decodeUplink({ bytes }: UplinkInput): UplinkOutput {
  if (bytes.length === 0) return { errors: ['Expected at least one channel, met an empty payload'] };
  const data: Record<string, JsonValue> = {};
  let at = 0;
  while (at < bytes.length) {
    const name = `${hex(bytes[at])} ${hex(bytes[at + 1])}`;
    const channel = channels[name];
    // The length of an unknown channel is unknown too, so nothing behind it can be read.
    if (channel === undefined) return { errors: [`Unknown channel and type "${name}" at byte ${at}`] };
    if (at + 2 + channel.length > bytes.length) {
      return { errors: [`Channel "${name}" at byte ${at} ends early: expected ${channel.length} bytes of value`] };
    }
    Object.assign(data, channel.read(bytes, at + 2));
    at += 2 + channel.length;
  }
  return { data };
}

function unsigned(bytes: ArrayLike<number>, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

function signed(bytes: ArrayLike<number>, at: number): number {
  return (unsigned(bytes, at) << 16) >> 16;
}

function hex(byte: number | undefined): string {
  return byte === undefined ? '--' : byte.toString(16).padStart(2, '0');
}
