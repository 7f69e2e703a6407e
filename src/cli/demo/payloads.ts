import { type DevicePayload, devicePayloads, deviceTypeOf } from '../../pipeline/examples/device-payloads.ts';
import type { JsonObject } from '../../std/json.ts';

/** What a device sends once: its bytes, and what must come out of them. */
export interface Uplink {
  readonly payload: Buffer;
  readonly fPort: number | undefined;
  readonly expected: JsonObject | undefined;
}

/** The payloads that the makers published for a device type, with all of their readings. */
export function publishedUplinks(deviceType: string): readonly Uplink[] {
  return rows(deviceType)
    .filter((row) => row.output.data !== undefined)
    .map((row) => ({
      payload: Buffer.from(row.bytes, 'hex'),
      fPort: row.fPort,
      expected: row.output.data as JsonObject,
    }));
}

/** The `n`-th measurement of a device: a published payload with other numbers in it. */
export type Measure = (n: number) => Uplink;

export const measures = {
  sht35: (n) => variation('decentlab-dl-sht35', 0, (bytes) => bytes.writeUInt16BE(millivolts(n), 9), battery(n)),
  particles: (n) => variation('decentlab-dl-pm', 0, (bytes) => bytes.writeUInt16BE(millivolts(n), 5), battery(n)),
  ambience: (n) =>
    n % 2 === 0
      ? variation('milesight-am107', 0, (bytes) => bytes.writeInt16LE(n % 500, 5), { temperature: (n % 500) / 10 })
      : variation('milesight-am107', 2, (bytes) => bytes.writeUInt16LE(400 + n, 2), { co2: 400 + n }),
  parking: (n) =>
    n % 2 === 0
      ? variation('nwave-nps310sm', 0, (bytes) => bytes.writeUInt8(n % 4 === 0 ? 1 : 0, 0), parking(n % 4 === 0))
      : variation('nwave-nps310sm', 1, (bytes) => bytes.writeUInt8(0, 0), { type: 'heartbeat', occupied: false }),
  position: (n) => variation('digital-matter-oyster', 0, (bytes) => bytes.writeUInt8(n % 120, 9), position(n % 120)),
  compactPosition: (n) => ({ payload: compact(n), fPort: 4, expected: position((n % 32) * 5) }),
  positionOfFirmware9: (n) => ({ payload: firmware9(n), fPort: 9, expected: position(n % 200) }),
  climate: (n) => variation('dragino-lht65', 0, (bytes) => withTemperature(bytes, n), { TempC_SHT: temperature(n) }),
  /** Without a probe in its socket. */
  bareClimate: (n) =>
    variation(
      'dragino-lht65',
      0,
      (bytes) => {
        withTemperature(bytes, n);
        bytes.writeUInt8(0, 6);
      },
      { TempC_SHT: temperature(n), Ext_sensor: 'No external sensor' },
    ),
  meter: (n) => {
    const expected = { pulseCounter: 1_234_567 + n, leakage: n % 97 === 0, batteryLevel: 81 };
    return { payload: Buffer.from(JSON.stringify(expected)), fPort: undefined, expected };
  },
} as const satisfies Record<string, Measure>;

/** What the air made of a message: half of it, or a port that nobody knows. */
export const damaged = {
  cutOff: () => {
    const whole = bytesOf('decentlab-dl-sht35', 0);
    return { payload: whole.subarray(0, whole.length / 2), fPort: 1, expected: undefined };
  },
  strangePort: () => {
    const row = rows('dragino-lht65').find((each) => each.output.errors !== undefined);
    if (row === undefined) throw new Error('Cannot find the published LHT65 payload on an unknown port');
    return { payload: Buffer.from(row.bytes, 'hex'), fPort: row.fPort, expected: undefined };
  },
} as const satisfies Record<string, Measure>;

function variation(deviceType: string, row: number, edit: (bytes: Buffer) => void, expected: JsonObject): Uplink {
  const payload = bytesOf(deviceType, row);
  edit(payload);
  return { payload, fPort: rows(deviceType)[row].fPort, expected };
}

function rows(deviceType: string): readonly DevicePayload[] {
  return devicePayloads.filter((row) => deviceTypeOf(row) === deviceType);
}

function bytesOf(deviceType: string, row: number): Buffer {
  return Buffer.from(rows(deviceType)[row].bytes, 'hex');
}

function millivolts(n: number): number {
  return 2400 + n;
}

function battery(n: number): JsonObject {
  return { battery_voltage: { displayName: 'Battery voltage', unit: 'V', value: millivolts(n) / 1000 } };
}

function parking(occupied: boolean): JsonObject {
  return { type: 'parking_status', occupied };
}

function position(speedKmph: number): JsonObject {
  return { type: 'position', speedKmph };
}

function temperature(n: number): number {
  return hundredths(n) / 100;
}

/** From -25 to 35 °C. */
function hundredths(n: number): number {
  return ((n * 37) % 6000) - 2500;
}

function withTemperature(bytes: Buffer, n: number): void {
  bytes.writeInt16BE(hundredths(n), 2);
}

/** 24-bit degrees, then heading and speed in one byte, then the battery. */
function compact(n: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeIntLE(-1_000_000 - n, 0, 3);
  bytes.writeIntLE(2_000_000 + n, 3, 3);
  bytes.writeUInt8((n % 32) << 3, 6);
  bytes.writeUInt8(160, 7);
  return bytes;
}

function firmware9(n: number): Buffer {
  const bytes = Buffer.alloc(11);
  bytes.writeFloatLE(47.5, 0);
  bytes.writeFloatLE(8.25, 4);
  bytes.writeUInt8(n % 200, 8);
  bytes.writeUInt16LE(3600, 9);
  return bytes;
}
