import { schemaVersionOf } from '../../devices/device-type.ts';
import { SluiceError } from '../../errors.ts';
import type { JsonObject } from '../../std/json.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, entityName, epochMs, eventType, integer, noContent, object } from '../schemas.ts';
import { deviceTypeNamed } from './device-types.ts';

const tag = 'Devices';
const path = '/v1/device-types/{name}/schemas/{eventType}';
const params = object({ name: entityName, eventType }, ['name', 'eventType']);

interface Named {
  readonly params: { readonly name: string; readonly eventType: string };
}

interface Put extends Named {
  readonly body: JsonObject;
}

export const eventSchemaRoutes: readonly Route[] = [
  route<Named>({
    method: 'GET',
    path,
    tag,
    summary: 'Every version of the schema of an event type, newest first',
    who: 'admin',
    schemas: {
      params,
      responses: {
        200: answer('The versions; `current` is absent where readings of the event type are not checked by any', {
          current: integer,
          versions: array({
            type: 'object',
            properties: { version: integer, schema: { type: 'object' }, createdAt: epochMs },
          }),
        }),
      },
    },
    handle: async ({ params: { name, eventType: event } }, { store }) => {
      const type = await deviceTypeNamed(store, name);
      return ok({ current: schemaVersionOf(type, event), versions: await store.schemas.versions(name, event) });
    },
  }),
  route<Put>({
    method: 'PUT',
    path,
    tag,
    summary:
      'Check readings of an event type by this JSON Schema from the next message on; the same one again is no new version',
    who: 'admin',
    schemas: {
      params,
      body: { type: 'object', description: 'JSON Schema, draft 2020-12, or draft-07 where it says so' },
      responses: { 200: answer('It is current', { version: integer }) },
    },
    handle: async ({ params: { name, eventType: event }, body }, { pipeline }) => {
      const type = await pipeline.registry.putSchema(name, event, body);
      return ok({ version: schemaVersionOf(type, event) });
    },
  }),
  route<Named>({
    method: 'DELETE',
    path,
    tag,
    summary: 'Check readings of an event type no more, or by the schema of their driver; its versions are kept',
    who: 'admin',
    schemas: { params, responses: { 204: noContent } },
    handle: async ({ params: { name, eventType: event } }, { store, pipeline }) => {
      const { schemas } = await deviceTypeNamed(store, name);
      if (!Object.hasOwn(schemas, event)) throw noSchema(name, event);
      await pipeline.registry.putSchema(name, event, undefined);
      return { status: 204 };
    },
  }),
];

function noSchema(name: string, event: string): SluiceError {
  return new SluiceError('not_found', `Device type "${name}" has no schema for "${event}"`);
}
