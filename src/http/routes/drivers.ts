import { valid } from 'semver';
import { activeRollout, type DriverStage, driverStages, type Rollout } from '../../devices/rollout.ts';
import type { StoredDriver } from '../../devices/store.ts';
import { SluiceError } from '../../errors.ts';
import type { UnusableExample } from '../../pipeline/codec-examples/failing-examples.ts';
import { examplesMax, type RunnableExample } from '../../pipeline/codec-examples/runnable-example.ts';
import { scriptBytesMax } from '../../pipeline/driver-host/host.ts';
import { nearest } from '../../std/nearest.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, anyJson, array, entityName, flag, integer, object, text } from '../schemas.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly id: string; readonly version: string };
}

interface RolloutBody {
  readonly stage: DriverStage;
  readonly share: number;
}

interface List {
  readonly query: { readonly builtIn?: boolean };
}

interface Put extends Named {
  readonly query: { readonly acceptFailingExamples: boolean };
  readonly body: {
    readonly deviceType: string;
    readonly firmware: string;
    readonly script: string;
    readonly rollout?: RolloutBody;
    readonly examples: readonly RunnableExample[];
    readonly unusableExamples: readonly UnusableExample[];
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
const example = object(
  {
    description: text,
    call: { type: 'string', enum: ['decodeUplink', 'normalizeUplink', 'encodeDownlink', 'decodeDownlink'] },
    bytes: { type: 'string', pattern: '^([0-9a-fA-F]{2})*$', default: '', description: 'Hex' },
    data: { type: 'object', description: 'What there is to encode' },
    input: { type: 'object', description: 'What else the script finds in its input, such as `variables`' },
    fPort: { type: 'integer', minimum: 0, maximum: 255 },
    recvTime: { ...text, pattern: '^\\d{4}-\\d\\d-\\d\\dT', description: 'ISO 8601; 1970 where absent' },
    output: { type: 'object', description: 'With `data`, `messages` or `errors`, as the script answers it' },
  },
  ['description', 'output'],
);
const failedExamples = array({
  type: 'object',
  properties: { description: { type: 'string' }, ok: flag, expected: anyJson, met: anyJson, problem: text },
});
const folder = { ...text, maxLength: 4_096, description: 'Where a driver of `drivers.folder` stands' };
const rival = { type: 'object', properties: { id: entityName, version: text, deviceType: entityName } };
const serves = {
  type: 'object',
  description:
    'What it has of the devices that it is for: all where it is active, its share where it is a canary, those that it runs beside where it is a shadow',
  properties: {
    firmware: { ...array(text), description: 'Semver ranges; `*` for all firmware that is known, empty for none' },
    unknownFirmware: { ...flag, description: 'Also devices of which no firmware is known' },
    givesWayTo: { ...array(rival), description: 'What decodes for firmware that it is for and does not have' },
    beside: {
      ...array(rival),
      description: 'What is in use beside a canary or shadow, or in place of one that is off',
    },
    isAlone: { ...flag, description: 'There is firmware for which nothing is in use beside it' },
  },
};
const warnings = {
  ...array(text),
  description:
    'What one may not expect of it as it is rolled out now, in sentences: it decodes nothing, is alone, or nothing is in use in its place; of one that is brought, that there is no such device type yet',
};
const setAsideFor = {
  ...array(text),
  description:
    'Device types whose messages it would have, and is not given for now, since it hung or broke down on them again and again',
};
const setAsideByWorkers = {
  ...array({ type: 'object', properties: { worker: text, deviceTypes: array(text) } }),
  description: 'The same of worker processes, as long as they are there',
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
  route<List>({
    method: 'GET',
    path: '/v1/drivers',
    tag,
    summary:
      'Every driver that is loaded, those that were brought first: how far it is rolled out, and what it decodes',
    who: 'admin',
    schemas: {
      query: object({ builtIn: { ...flag, description: 'Only those that are built in, or only those that are not' } }),
      responses: {
        200: answer('The drivers', {
          drivers: array({
            type: 'object',
            properties: { ...driverFields, builtIn: flag, folder, rollout, serves, setAsideFor, setAsideByWorkers },
          }),
        }),
      },
    },
    handle: ({ query: { builtIn } }, { pipeline }) => {
      const drivers = pipeline.drivers.list();
      return ok({ drivers: builtIn === undefined ? drivers : drivers.filter((each) => each.builtIn === builtIn) });
    },
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
          folder,
          rollout,
          serves,
          warnings,
          setAsideFor,
          setAsideByWorkers,
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
      query: object({
        acceptFailingExamples: {
          ...flag,
          default: false,
          description: 'Bring it although examples become something else',
        },
      }),
      body: object(
        {
          deviceType: entityName,
          firmware: { ...text, maxLength: 256, default: '*', description: 'Semver range' },
          script: { type: 'string', minLength: 1, maxLength: scriptBytesMax },
          rollout: {
            ...rolloutBody,
            description: 'Active where absent; a version that is there already keeps its own',
          },
          examples: {
            ...array(example, { maxItems: examplesMax }),
            default: [],
            description: 'What it has to make of payloads: they are run, and a driver that fails one is refused',
          },
          unusableExamples: {
            ...array(object({ description: text, problem: text }, ['description', 'problem']), {
              maxItems: examplesMax,
            }),
            default: [],
            description: 'Examples that say too little to be run, and why: each counts as one that fails',
          },
        },
        ['deviceType', 'script'],
      ),
      responses: { 201: answer('The driver', { ...driverFields, warnings, failedExamples }) },
    },
    handle: async (
      { params: { id, version }, query, body: { rollout: wanted, examples, unusableExamples, ...body } },
      services,
    ) => {
      const { pipeline, clock } = services;
      if (valid(version) !== version) {
        throw new SluiceError(
          'invalid_argument',
          `Give the version as in semver, like 1.2.0: met ${JSON.stringify(version)}`,
        );
      }
      const placed = wanted === undefined ? {} : { rollout: toRollout(wanted) };
      const driver: StoredDriver = { id, version, ...body, createdAt: clock.now(), ...placed };
      const { acceptFailingExamples: acceptFailing } = query;
      const failed = await pipeline.drivers.put(driver, { examples, unusable: unusableExamples, acceptFailing });
      const { script: _, ...answered } = driver;
      const { warnings: told } = pipeline.drivers.show(driver);
      const unknown = await unknownType(body.deviceType, services);
      return { status: 201, body: { ...answered, warnings: [...told, ...unknown], failedExamples: failed } };
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
      responses: { 200: answer('The rollout', { stage, share: { type: 'number' }, warnings }) },
    },
    handle: async ({ params: ref, body }, { pipeline }) => {
      const wanted = toRollout(body);
      await pipeline.drivers.roll(ref, wanted);
      return ok({ ...wanted, warnings: pipeline.drivers.show(ref).warnings });
    },
  }),
];

/** A driver may be there before its device type; a misspelt one decodes nothing. */
async function unknownType(name: string, { store }: RouteParts): Promise<readonly string[]> {
  const names = (await store.registry.deviceTypes()).map((type) => type.name);
  if (names.includes(name)) return [];
  const similar = nearest(name, names).map((each) => `, or name ${JSON.stringify(each)}`);
  return [
    `There is no device type ${JSON.stringify(name)} yet: make it with \`sluice device type set ${name}\`${similar.join('')}`,
  ];
}

/** A share means something for a canary alone. */
function toRollout({ stage: wanted, share }: RolloutBody): Rollout {
  if (wanted === 'canary') return { stage: wanted, share };
  return wanted === 'active' ? activeRollout : { stage: wanted, share: 0 };
}
