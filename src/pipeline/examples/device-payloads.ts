import type { JsonObject } from '../../std/json.ts';
import type { DriverExample } from '../driver.ts';
import payloads from './device-payloads.json' with { type: 'json' };

/** One published payload of a real device. */
export interface DevicePayload {
  readonly vendor: string;
  readonly codec: string;
  readonly description: string;
  readonly fPort: number;
  /** Hex. */
  readonly bytes: string;
  /** What the maker's decoder answers: `{ data }` or `{ errors }`. */
  readonly output: JsonObject;
}

export const devicePayloads: readonly DevicePayload[] = payloads as unknown as readonly DevicePayload[];

/** Vendors whose folder in the device repository is named otherwise than their device types here. */
const vendorNames: Readonly<Record<string, string>> = { 'milesight-iot': 'milesight' };

/** The device type of a payload: `<vendor>-<codec>`, as in `milesight-am107`. */
export function deviceTypeOf(payload: DevicePayload): string {
  return `${vendorNames[payload.vendor] ?? payload.vendor}-${payload.codec}`;
}

/** The published payloads of one device type, as the examples of its driver. */
export function examplesOf(deviceType: string): readonly DriverExample[] {
  return devicePayloads
    .filter((payload) => deviceTypeOf(payload) === deviceType)
    .map(({ description, fPort, bytes, output }) => ({ description, fPort, bytes, output }));
}
