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

export const deviceSchema = answer('The device', {
  id: entityName,
  ...deviceFields,
  createdAt: epochMs,
  retiredAt: epochMs,
});

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
