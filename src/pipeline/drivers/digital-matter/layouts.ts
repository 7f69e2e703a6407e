import type { JsonObject } from '../../../std/json.ts';

export interface Position extends Record<string, boolean | number | null | JsonObject> {
  readonly location: {
    readonly latitudeDeg: number;
    readonly longitudeDeg: number;
    readonly headingDeg: number;
    readonly speedKmph: number;
  };
}

/*
 * Full layout, numbers little-endian:
 *
 *   0               4                8       9       10
 *   +---------------+----------------+-------+-------+---------+
 *   | latitude      | longitude      | trip, | speed | battery |
 *   | i32 1e-7 °    | i32 1e-7 °     | fix,  | km/h  | 25 mV   |
 *   +---------------+----------------+ head. +-------+---------+
 *
 * byte 8: bit 0 in a trip, bit 1 fix failed, bits 2-7 heading in steps of 5.625°.
 */
export function readFull(bytes: ArrayLike<number>): Position {
  return {
    inTrip: (bytes[8] & 0x01) !== 0,
    fixFailed: (bytes[8] & 0x02) !== 0,
    batV: battery(bytes[10]),
    manDown: null,
    location: {
      latitudeDeg: signed32(bytes, 0) / 1e7,
      longitudeDeg: signed32(bytes, 4) / 1e7,
      headingDeg: (bytes[8] >> 2) * 5.625,
      speedKmph: bytes[9],
    },
  };
}

/*
 * Compact layout, numbers little-endian:
 *
 *   0              3              6            7         8
 *   +--------------+--------------+------------+---------+----------+
 *   | latitude     | longitude    | heading,   | battery | flags,   |
 *   | i24 256e-7 ° | i24 256e-7 ° | speed      | 25 mV   | optional |
 *   +--------------+--------------+------------+---------+----------+
 *
 * byte 6: bits 0-2 heading in steps of 45°, bits 3-7 speed in steps of 5 km/h.
 * byte 8: bit 0 in a trip, bit 1 fix failed, bit 2 man down.
 */
export function readCompact(bytes: ArrayLike<number>): Position {
  return {
    ...(bytes.length > 8 ? compactFlags(bytes[8]) : {}),
    batV: battery(bytes[7]),
    location: {
      latitudeDeg: signed24(bytes, 0) * 256e-7,
      longitudeDeg: signed24(bytes, 3) * 256e-7,
      headingDeg: (bytes[6] & 0x07) * 45,
      speedKmph: (bytes[6] >> 3) * 5,
    },
  };
}

function compactFlags(flags: number): Record<string, boolean> {
  return { inTrip: (flags & 0x01) !== 0, fixFailed: (flags & 0x02) !== 0, manDown: (flags & 0x04) !== 0 };
}

function battery(byte: number): number {
  return Number((byte * 0.025).toFixed(2));
}

function signed32(bytes: ArrayLike<number>, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function signed24(bytes: ArrayLike<number>, at: number): number {
  return ((bytes[at] << 8) | (bytes[at + 1] << 16) | (bytes[at + 2] << 24)) >> 8;
}
