import type { JsonObject } from '../../../std/json.ts';
import type { Driver } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { examplesOf } from '../../examples/device-payloads.ts';
import { decode, type SensorGroup, type SensorTable } from './protocol.ts';
import { airSensors } from './sensors/air.ts';
import { loggerSensors } from './sensors/logger.ts';
import { soilSensors } from './sensors/soil.ts';
import { waterSensors } from './sensors/water.ts';
import { weatherSensors } from './sensors/weather.ts';

const sensors: SensorTable = { ...airSensors, ...weatherSensors, ...soilSensors, ...waterSensors, ...loggerSensors };

/** One driver for each Decentlab model, all from the table of sensors. */
export const drivers: readonly Driver[] = Object.entries(sensors).map(([codec, groups]) => {
  const name = `decentlab-${codec}`;
  return defineDriver({
    id: name,
    version: '1.0.0',
    match: { deviceType: name, firmware: '*' },
    events: { telemetry: schemaOf(groups) },
    decodeUplink: ({ bytes }) => decode(bytes, groups),
    examples: examplesOf(name),
  });
});

function schemaOf(groups: readonly SensorGroup[]): JsonObject {
  const measures = groups.flatMap((group) => group.measures);
  const reading = { type: 'object', required: ['value'], properties: { value: { type: 'number' } } };
  return {
    type: 'object',
    required: ['protocol_version', 'device_id'],
    properties: {
      protocol_version: { const: 2 },
      device_id: { type: 'integer' },
      ...Object.fromEntries(measures.map((measure) => [measure.name, reading])),
    },
  };
}
