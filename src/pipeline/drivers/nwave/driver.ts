import type { JsonObject } from '../../../std/json.ts';
import type { UplinkInput, UplinkOutput } from '../../driver.ts';
import { defineDriver } from '../../driver.ts';
import { examplesOf } from '../../examples/device-payloads.ts';

const telemetry: JsonObject = {
  type: 'object',
  required: ['type', 'occupied'],
  properties: {
    type: { enum: ['parking_status', 'heartbeat', 'startup'] },
    occupied: { type: 'boolean' },
    firmware_version: { type: 'string' },
    reset_cause: { type: 'string' },
  },
};

/** Nwave NPS310SM, parking sensor: whether the place is occupied, and the firmware version at start-up. */
export const driver = defineDriver({
  id: 'nwave-nps310sm',
  version: '1.0.0',
  match: { deviceType: 'nwave-nps310sm', firmware: '*' },
  events: { telemetry },
  decodeUplink,
  examples: examplesOf('nwave-nps310sm'),
});

const statusPort = 1;
const heartbeatPort = 2;
const startupPort = 3;

/** Byte 3 of the start-up message; 0 is not used. */
const resetCauses: readonly (string | undefined)[] = [
  undefined,
  'watchdog',
  'power_on',
  'user_request',
  'brownout',
  'other',
];

function decodeUplink({ bytes, fPort }: UplinkInput): UplinkOutput {
  switch (fPort) {
    case statusPort:
      return occupancy('parking_status', bytes);
    case heartbeatPort:
      return occupancy('heartbeat', bytes);
    case startupPort:
      return startup(bytes);
    default:
      return { errors: [`Expected fPort 1 (status), 2 (heartbeat) or 3 (start-up), met ${fPort ?? 'none'}`] };
  }
}

function occupancy(type: string, bytes: ArrayLike<number>): UplinkOutput {
  if (bytes.length < 1) return { errors: ['Expected 1 byte, met an empty payload'] };
  return { data: { type, occupied: isOccupied(bytes[0]) } };
}

/*
 *   0       1       2       3             4
 *   +-------+-------+-------+-------------+----------+
 *   | major | minor | patch | reset cause | occupied |
 *   +-------+-------+-------+-------------+----------+
 */
function startup(bytes: ArrayLike<number>): UplinkOutput {
  if (bytes.length < 5) return { errors: [`Expected 5 bytes at start-up, met ${bytes.length}`] };
  const cause = resetCauses[bytes[3]];
  return {
    data: {
      type: 'startup',
      firmware_version: `${bytes[0]}.${bytes[1]}.${bytes[2]}`,
      ...(cause === undefined ? {} : { reset_cause: cause }),
      occupied: isOccupied(bytes[4]),
    },
    ...(cause === undefined ? { warnings: [`Unknown reset cause ${bytes[3]}`] } : {}),
  };
}

function isOccupied(flags: number): boolean {
  return (flags & 0x01) !== 0;
}
