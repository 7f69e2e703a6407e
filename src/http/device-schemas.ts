import { deviceTokenPattern } from '../access/device-token.ts';
import type { JsonSchema } from './route.ts';
import { answer, entityName, epochMs, flag, text } from './schemas.ts';

const attributeMax = 4_096;

/** What is said of a device. */
export const deviceFields = {
  type: entityName,
  firmwareVersion: { ...text, maxLength: 128 },
  attributes: {
    type: 'object',
    additionalProperties: { type: 'string', maxLength: attributeMax },
    maxProperties: 256,
    default: {},
  },
  retired: { ...flag, default: false },
  gateway: { ...entityName, description: 'The device that may act for it' },
} as const satisfies Record<string, JsonSchema>;

/** Absent where it never was connected over MQTT. */
const presence: JsonSchema = {
  type: 'object',
  description: 'Whether the device is connected over MQTT, when it came and when it went for the last time',
  properties: { online: flag, connectedAt: epochMs, disconnectedAt: epochMs },
};

const deviceView = { id: entityName, ...deviceFields, createdAt: epochMs, retiredAt: epochMs };

export const deviceSchema = answer('The device', deviceView);

export const presentDeviceSchema = answer('The device', { ...deviceView, presence });

/** Null takes away what it names. */
export const devicePatch: Readonly<Record<string, JsonSchema>> = {
  type: entityName,
  firmwareVersion: { type: ['string', 'null'], minLength: 1, maxLength: 128 },
  attributes: {
    type: 'object',
    additionalProperties: { type: ['string', 'null'], maxLength: attributeMax },
    maxProperties: 512,
  },
  retired: flag,
  gateway: { ...entityName, type: ['string', 'null'] },
};

export const deviceToken: JsonSchema = { type: 'string', pattern: deviceTokenPattern };
