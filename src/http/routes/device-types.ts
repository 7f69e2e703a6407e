import type { DeviceType, Mode, SchemaPolicy } from '../../devices/store.ts';
import type { JsonObject } from '../../std/json.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, entityName, integer, object } from '../schemas.ts';

const tag = 'Devices';

interface Put {
  readonly params: { readonly name: string };
  readonly body: {
    readonly mode: Mode;
    readonly schemaPolicy: SchemaPolicy;
    readonly schemas: Readonly<Record<string, JsonObject>>;
    readonly fPort?: number;
    readonly futureTimeMsMax: number;
  };
}

const typeFields = {
  mode: { type: 'string', enum: ['inline', 'queued'], default: 'queued' },
  schemaPolicy: { type: 'string', enum: ['enforce', 'warn', 'off'], default: 'enforce' },
  schemas: {
    type: 'object',
    description: 'JSON Schema by event type, before those of the driver',
    additionalProperties: { type: 'object' },
    maxProperties: 256,
    default: {},
  },
  fPort: { type: 'integer', minimum: 1, maximum: 255, description: 'For messages that carry none' },
  futureTimeMsMax: {
    ...integer,
    default: 300_000,
    description: 'How far ahead of its arrival the time of a reading may lie',
  },
};

const typeSchema = answer('The device type', { name: entityName, ...typeFields });

export const deviceTypeRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/device-types',
    tag,
    summary: 'Every device type',
    who: 'admin',
    schemas: { responses: { 200: answer('The device types', { deviceTypes: array(typeSchema) }) } },
    handle: async (_, { store }) => ok({ deviceTypes: await store.registry.deviceTypes() }),
  }),
  route<Put>({
    method: 'PUT',
    path: '/v1/device-types/{name}',
    tag,
    summary: 'Make or replace a device type',
    who: 'admin',
    schemas: {
      params: object({ name: entityName }, ['name']),
      body: object(typeFields),
      responses: { 200: typeSchema },
    },
    handle: async ({ params, body }, { pipeline }) => {
      const type: DeviceType = { name: params.name, ...body, fPort: body.fPort };
      await pipeline.registry.putDeviceType(type);
      return ok(type);
    },
  }),
];
