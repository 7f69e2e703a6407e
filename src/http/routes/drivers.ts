import { valid } from 'semver';
import { activeRollout, type DriverStage, driverStages, type Rollout } from '../../devices/rollout.ts';
import type { StoredDriver } from '../../devices/store.ts';
import { SluiceError } from '../../errors.ts';
import { scriptBytesMax } from '../../pipeline/driver-host/host.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, entityName, flag, integer, object, text } from '../schemas.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly id: string; readonly version: string };
}

interface RolloutBody {
  readonly stage: DriverStage;
  readonly share: number;
}

interface Put extends Named {
  readonly body: {
    readonly deviceType: string;
    readonly firmware: string;
    readonly script: string;
    readonly rollout?: RolloutBody;
  };
}

interface Roll extends Named {
  readonly body: RolloutBody;
}

const driverFields = { id: entityName, version: text, deviceType: entityName, firmware: text };
const params = object({ id: entityName, version: { ...text, maxLength: 128 } }, ['id', 'version']);
const stage = {
  type: 'string',
  enum: [...driverStages],
  description:
    '`shadow` runs beside the driver in use and changes nothing, `canary` decodes for a share of the devices, `active` for all that it matches, `off` for none',
};
const rolloutBody = object(
  {
    stage,
    share: { type: 'number', minimum: 0, maximum: 1, default: 0.1, description: 'Of the devices, for a canary' },
  },
  ['stage'],
);
const rollout = { type: 'object', properties: { stage, share: { type: 'number' }, reason: text } };
const setAsideFor = {
  ...array(text),
  description:
    'Device types whose messages it is not given for now, since it hung or broke down on them again and again',
};
const sample = { type: 'object', properties: { deviceId: text, messageId: text, inUse: text, shadow: text } };
const trial = {
  type: 'object',
  properties: {
    canary: {
      type: 'object',
      properties: { messages: integer, failed: integer, othersMessages: integer, othersFailed: integer },
    },
    shadow: {
      type: 'object',
      properties: {
        same: integer,
        different: integer,
        failed: integer,
        mended: integer,
        dropped: integer,
        samples: array(sample),
      },
    },
  },
};

export const driverRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/drivers',
    tag,
    summary: 'Every driver that is loaded, what it is for and how far it is rolled out',
    who: 'admin',
    schemas: {
      responses: {
        200: answer('The drivers', {
          drivers: array({ type: 'object', properties: { ...driverFields, builtIn: flag, rollout, setAsideFor } }),
        }),
      },
    },
    handle: (_, { pipeline }) => ok({ drivers: pipeline.drivers.list() }),
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/drivers/{id}/{version}',
    tag,
    summary: 'A driver with its script, and what its canary or shadow has shown so far',
    who: 'admin',
    schemas: {
      params,
      responses: {
        200: answer('The driver', {
          ...driverFields,
          builtIn: flag,
          rollout,
          setAsideFor,
          script: { type: 'string' },
          trial,
        }),
      },
    },
    handle: ({ params: ref }, { pipeline }) => ok(pipeline.drivers.show(ref)),
  }),
  route<Put>({
    method: 'PUT',
    path: '/v1/drivers/{id}/{version}',
    tag,
    summary:
      'Bring a driver: a codec script of The Things Stack or ChirpStack, for a device type and a range of firmware',
    who: 'admin',
    schemas: {
      params,
      body: object(
        {
          deviceType: entityName,
          firmware: { ...text, maxLength: 256, default: '*', description: 'Semver range' },
          script: { type: 'string', minLength: 1, maxLength: scriptBytesMax },
          rollout: {
            ...rolloutBody,
            description: 'Active where absent; a version that is there already keeps its own',
          },
        },
        ['deviceType', 'script'],
      ),
      responses: { 201: answer('The driver', driverFields) },
    },
    handle: async ({ params: { id, version }, body: { rollout: wanted, ...body } }, { pipeline, clock }) => {
      if (valid(version) !== version) {
        throw new SluiceError(
          'invalid_argument',
          `Give the version as in semver, like 1.2.0: met ${JSON.stringify(version)}`,
        );
      }
      const placed = wanted === undefined ? {} : { rollout: toRollout(wanted) };
      const driver: StoredDriver = { id, version, ...body, createdAt: clock.now(), ...placed };
      await pipeline.drivers.put(driver);
      const { script: _, ...answered } = driver;
      return { status: 201, body: answered };
    },
  }),
  route<Roll>({
    method: 'PUT',
    path: '/v1/drivers/{id}/{version}/rollout',
    tag,
    summary: 'Say how far a driver that was brought is used, from the next batch of messages on; `off` rolls it back',
    who: 'admin',
    schemas: {
      params,
      body: rolloutBody,
      responses: { 200: answer('The rollout', { stage, share: { type: 'number' } }) },
    },
    handle: async ({ params: ref, body }, { pipeline }) => {
      const wanted = toRollout(body);
      await pipeline.drivers.roll(ref, wanted);
      return ok(wanted);
    },
  }),
];

/** A share means something for a canary alone. */
function toRollout({ stage: wanted, share }: RolloutBody): Rollout {
  if (wanted === 'canary') return { stage: wanted, share };
  return wanted === 'active' ? activeRollout : { stage: wanted, share: 0 };
}
