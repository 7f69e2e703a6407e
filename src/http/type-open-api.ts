import type { DeviceType } from '../devices/device-type.ts';
import type { JsonObject } from '../std/json.ts';
import { eventTypesOf, ownSchema } from './reading-schemas.ts';
import { problem } from './schemas.ts';

/** How devices of one type send over HTTP, as OpenAPI 3.1 with its schemas: what its maker gives to those who write the firmware. */
export function typeOpenApi(type: DeviceType): object {
  return {
    openapi: '3.1.0',
    info: { title: `Devices of type ${type.name}`, version: '1' },
    paths: Object.fromEntries(eventTypesOf(type).map((eventType) => pathOf(type, eventType))),
    components: {
      schemas: { Problem: problem },
      securitySchemes: { basic: { type: 'http', scheme: 'basic', description: 'The device id with its password' } },
    },
    security: [{ basic: [] }],
  };
}

function pathOf(type: DeviceType, eventType: string): [string, object] {
  const said = eventType === 'telemetry' ? 'telemetry' : `events/${eventType}`;
  const content = {
    'application/json': { schema: ownSchema(type, eventType) },
    'application/octet-stream': {},
  };
  const post = {
    summary: `Send ${eventType}`,
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    requestBody: { required: true, content },
    responses: {
      200: json('Processed', { messageId: text, outcome: text }),
      202: json('Safe, not processed yet', { messageId: text }),
      default: refused,
    },
  };
  return [`/v1/devices/{id}/${said}`, { post }];
}

const text = { type: 'string' };

function json(description: string, properties: JsonObject): object {
  return { description, content: { 'application/json': { schema: { type: 'object', properties } } } };
}

const refused = {
  description: 'Refused, and why',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
