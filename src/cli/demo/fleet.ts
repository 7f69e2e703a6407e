import type { JsonObject } from '../../std/json.ts';
import { damaged, type Measure, measures } from './payloads.ts';

/** How a device talks to the platform. */
export type Door = 'mqtt-3.1.1' | 'mqtt-5' | 'http';

export interface FleetType {
  readonly name: string;
  readonly mode: 'inline' | 'queued';
  readonly schemas?: Readonly<Record<string, JsonObject>>;
}

/** Devices that are alike. */
export interface FleetGroup {
  /** Ids are the prefix and a number. */
  readonly prefix: string;
  readonly count: number;
  readonly type: string;
  readonly door: Door;
  readonly firmware?: string;
  readonly measure: Measure;
  /** The firmware that they get half-way, and what they send from then on. */
  readonly update?: { readonly firmware: string; readonly measure: Measure };
  /** What arrives of them damaged now and then. */
  readonly damage?: Measure;
  /** They can only send bytes, and say neither a message id nor a time. */
  readonly speechless?: true;
}

export interface FleetDevice extends Omit<FleetGroup, 'prefix' | 'count'> {
  readonly id: string;
}

export const fleetTypes: readonly FleetType[] = [
  { name: 'decentlab-dl-sht35', mode: 'queued' },
  { name: 'decentlab-dl-pm', mode: 'queued' },
  { name: 'milesight-am107', mode: 'queued' },
  { name: 'digital-matter-oyster', mode: 'queued' },
  { name: 'nwave-nps310sm', mode: 'inline' },
  {
    name: 'dragino-lht65',
    mode: 'queued',
    schemas: {
      telemetry: {
        type: 'object',
        required: ['BatV', 'TempC_SHT', 'Hum_SHT', 'Ext_sensor'],
        properties: { TempC_SHT: { type: 'number', minimum: -40, maximum: 125 } },
      },
    },
  },
  { name: 'water-meter', mode: 'queued' },
];

const fleetGroups: readonly FleetGroup[] = [
  {
    prefix: 'sht35',
    count: 3,
    type: 'decentlab-dl-sht35',
    door: 'mqtt-5',
    measure: measures.sht35,
    damage: damaged.cutOff,
  },
  { prefix: 'sht35-http', count: 1, type: 'decentlab-dl-sht35', door: 'http', measure: measures.sht35 },
  {
    prefix: 'particles',
    count: 2,
    type: 'decentlab-dl-pm',
    door: 'mqtt-3.1.1',
    measure: measures.particles,
    speechless: true,
  },
  { prefix: 'ambience', count: 3, type: 'milesight-am107', door: 'http', measure: measures.ambience },
  { prefix: 'ambience-mqtt', count: 1, type: 'milesight-am107', door: 'mqtt-5', measure: measures.ambience },
  {
    prefix: 'tracker',
    count: 2,
    type: 'digital-matter-oyster',
    firmware: '1.4.0',
    door: 'mqtt-5',
    measure: measures.position,
    update: { firmware: '2.1.0', measure: measures.compactPosition },
  },
  {
    prefix: 'tracker-next',
    count: 1,
    type: 'digital-matter-oyster',
    firmware: '9.0.0',
    door: 'mqtt-5',
    measure: measures.positionOfFirmware9,
  },
  { prefix: 'parking', count: 2, type: 'nwave-nps310sm', door: 'http', measure: measures.parking },
  { prefix: 'parking-mqtt', count: 2, type: 'nwave-nps310sm', door: 'mqtt-5', measure: measures.parking },
  {
    prefix: 'climate',
    count: 2,
    type: 'dragino-lht65',
    door: 'mqtt-5',
    measure: measures.climate,
    damage: damaged.strangePort,
  },
  { prefix: 'climate-bare', count: 2, type: 'dragino-lht65', door: 'http', measure: measures.bareClimate },
  { prefix: 'meter', count: 3, type: 'water-meter', door: 'mqtt-3.1.1', measure: measures.meter },
  { prefix: 'meter-five', count: 2, type: 'water-meter', door: 'mqtt-5', measure: measures.meter },
  { prefix: 'meter-http', count: 1, type: 'water-meter', door: 'http', measure: measures.meter },
];

export const fleet: readonly FleetDevice[] = fleetGroups.flatMap(({ prefix, count, ...group }) =>
  Array.from({ length: count }, (_, index) => ({ ...group, id: `${prefix}-${index + 1}` })),
);

export function typeOf(device: FleetDevice): FleetType {
  const found = fleetTypes.find((type) => type.name === device.type);
  if (found === undefined) throw new Error(`Cannot find device type "${device.type}" in the fleet`);
  return found;
}
