import { asyncApi } from '../async-api.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, entityName, object } from '../schemas.ts';
import { typeOpenApi } from '../type-open-api.ts';
import { deviceTypeNamed } from './device-types.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly name: string };
}

export const schemaDocumentRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/asyncapi.json',
    tag,
    summary:
      'The topics of devices and of their readings, with the schemas of all device types and of their built-in drivers, as AsyncAPI 3',
    who: 'admin',
    schemas: { responses: { 200: anyDocument('The document') } },
    handle: async (_, { store, pipeline: { drivers } }) =>
      ok(asyncApi(await store.registry.deviceTypes(), (deviceType) => drivers.eventSchemas(deviceType))),
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/device-types/{name}/openapi.json',
    tag,
    summary: 'How devices of the type send over HTTP, with its schemas, as OpenAPI 3.1',
    who: 'admin',
    schemas: {
      params: object({ name: entityName }, ['name']),
      responses: { 200: anyDocument('The document') },
    },
    handle: async ({ params: { name } }, { store }) => ok(typeOpenApi(await deviceTypeNamed(store, name))),
  }),
];

function anyDocument(description: string): ReturnType<typeof answer> {
  return { ...answer(description), additionalProperties: true };
}
