import { valid } from 'semver';
import type { StoredDriver } from '../../devices/store.ts';
import { SluiceError } from '../../errors.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, entityName, flag, object, text } from '../schemas.ts';

const tag = 'Devices';
const scriptCharactersMax = 1024 * 1024;

interface Put {
  readonly params: { readonly id: string; readonly version: string };
  readonly body: { readonly deviceType: string; readonly firmware: string; readonly script: string };
}

const driverFields = { id: entityName, version: text, deviceType: entityName, firmware: text };

export const driverRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/drivers',
    tag,
    summary: 'Every driver that is loaded, and what it is for',
    who: 'admin',
    schemas: {
      responses: {
        200: answer('The drivers', {
          drivers: array({ type: 'object', properties: { ...driverFields, builtIn: flag } }),
        }),
      },
    },
    handle: (_, { pipeline }) => ok({ drivers: pipeline.drivers.list() }),
  }),
  route<Put>({
    method: 'PUT',
    path: '/v1/drivers/{id}/{version}',
    tag,
    summary:
      'Bring a driver: a codec script of The Things Stack or ChirpStack, for a device type and a range of firmware',
    who: 'admin',
    schemas: {
      params: object({ id: entityName, version: { ...text, maxLength: 128 } }, ['id', 'version']),
      body: object(
        {
          deviceType: entityName,
          firmware: { ...text, maxLength: 256, default: '*', description: 'Semver range' },
          script: { type: 'string', minLength: 1, maxLength: scriptCharactersMax },
        },
        ['deviceType', 'script'],
      ),
      responses: { 201: answer('The driver', driverFields) },
    },
    handle: async ({ params: { id, version }, body }, { pipeline, clock }) => {
      if (valid(version) !== version) {
        throw new SluiceError(
          'invalid_argument',
          `Give the version as in semver, like 1.2.0: met ${JSON.stringify(version)}`,
        );
      }
      const driver: StoredDriver = { id, version, ...body, createdAt: clock.now() };
      await pipeline.drivers.put(driver);
      const { script: _, ...answered } = driver;
      return { status: 201, body: answered };
    },
  }),
];
