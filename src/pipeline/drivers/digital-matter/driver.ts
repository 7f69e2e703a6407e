import type { JsonObject } from '../../../std/json.ts';
import type { Driver, UplinkInput, UplinkOutput } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { examplesOf } from '../../examples/device-payloads.ts';
import { compactExamples } from './examples.ts';
import { type Position, readCompact, readFull } from './layouts.ts';

const telemetry: JsonObject = {
  type: 'object',
  required: ['type', 'batV'],
  properties: {
    type: { const: 'position' },
    batV: { type: 'number', minimum: 0 },
    latitudeDeg: { type: 'number', minimum: -90, maximum: 90 },
    longitudeDeg: { type: 'number', minimum: -180, maximum: 180 },
    headingDeg: { type: 'number' },
    speedKmph: { type: 'number' },
    inTrip: { type: 'boolean' },
    fixFailed: { type: 'boolean' },
    manDown: { type: ['boolean', 'null'] },
    cached: { type: 'object' },
  },
};

/**
 * Digital Matter Oyster, asset tracker. Firmware 1 sends the full layout on port 1, firmware 2 the compact one on port 4:
 * the same device type, two readings of the same bytes, so the firmware decides and the port must agree.
 */
export const drivers: readonly Driver[] = [
  defineDriver({
    id: 'digital-matter-oyster',
    version: '1.0.0',
    match: { deviceType: 'digital-matter-oyster', firmware: '>=1.0.0 <2.0.0' },
    events: { telemetry },
    decodeUplink: (input) => decode(input, 1, 11, readFull),
    examples: examplesOf('digital-matter-oyster'),
  }),
  defineDriver({
    id: 'digital-matter-oyster',
    version: '2.0.0',
    match: { deviceType: 'digital-matter-oyster', firmware: '>=2.0.0 <3.0.0' },
    events: { telemetry },
    decodeUplink: (input) => decode(input, 4, 8, readCompact),
    examples: compactExamples,
  }),
];

function decode(
  { bytes, fPort }: UplinkInput,
  port: number,
  bytesMin: number,
  read: (bytes: ArrayLike<number>) => Position,
): UplinkOutput {
  if (fPort !== port) return { errors: [`Expected a position on fPort ${port}, met fPort ${fPort ?? 'none'}`] };
  if (bytes.length < bytesMin) return { errors: [`Expected ${bytesMin} bytes or more, met ${bytes.length}`] };
  const { location, ...state } = read(bytes);
  // Without a fix the location is the last one known: kept apart, so that it is never taken for where the asset is.
  if (state.fixFailed === true) {
    return { data: { type: 'position', ...state, cached: location }, warnings: ['fix failed'] };
  }
  return { data: { type: 'position', ...state, ...location } };
}
