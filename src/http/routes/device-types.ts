import {
  childTypesMax,
  type DeviceType,
  deviceTypeDefaults,
  deviceTypeWithDefaults,
  eventTypePattern,
  eventTypeSettingsMax,
  rateMax,
  rateMin,
  retentionMsMin,
} from '../../devices/device-type.ts';
import { SluiceError } from '../../errors.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, array, entityName, flag, integer, noContent, object } from '../schemas.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly name: string };
}

interface Put extends Named {
  readonly body: Omit<Partial<DeviceType>, 'name'>;
}

const mode = {
  type: 'string',
  enum: ['inline', 'queued', 'auto'],
  description:
    'inline: the answer says what became of the message; queued: it says that the message is safe; auto: inline while the load is low',
};
const schemaPolicy = { type: 'string', enum: ['enforce', 'warn', 'off'] };
const bytesMax = { ...integer, minimum: 1, description: 'Payload bytes of one message' };
const perSecond = { type: 'number', minimum: rateMin, maximum: rateMax };
const rate = object({ messagesPerSecond: perSecond, bytesPerSecond: perSecond });

const typeFields = {
  mode: { ...mode, default: deviceTypeDefaults.mode },
  schemaPolicy: { ...schemaPolicy, default: deviceTypeDefaults.schemaPolicy },
  schemas: {
    type: 'object',
    description: 'JSON Schema by event type, before those of the driver',
    additionalProperties: { type: 'object' },
    maxProperties: 256,
    default: deviceTypeDefaults.schemas,
  },
  fPort: { type: 'integer', minimum: 1, maximum: 255, description: 'For messages that carry none' },
  readings: {
    type: 'string',
    enum: ['decoded', 'normalized'],
    default: deviceTypeDefaults.readings,
    description:
      'What the driver decodes, or what the `normalizeUplink` of a codec script makes of that, a reading for each measurement',
  },
  futureTimeMsMax: {
    ...integer,
    default: deviceTypeDefaults.futureTimeMsMax,
    description: 'How far ahead of its arrival the time of a reading may lie',
  },
  pastTimeMsMax: { ...integer, description: 'How far behind its arrival; absent: as far as it likes' },
  timePolicy: {
    type: 'string',
    enum: ['refuse', 'clamp'],
    default: deviceTypeDefaults.timePolicy,
    description: 'Whether a reading with a time out of range is refused, or gets that of its arrival and a warning',
  },
  bytesMax,
  rates: {
    ...object({ device: { ...rate, default: {} }, type: { ...rate, default: {} } }),
    description: 'How fast messages may come: of each device, and of all of the type together',
    default: deviceTypeDefaults.rates,
  },
  retention: {
    ...object({
      historyMs: { ...integer, minimum: retentionMsMin, description: 'By the time of the reading' },
      rollupsMs: { ...integer, minimum: retentionMsMin },
      raw: { ...flag, default: true, description: 'Whether the bytes of messages are kept for a while' },
      rawMs: { ...integer, minimum: retentionMsMin, description: 'How long they are; absent: seven days' },
      inboxMs: {
        ...integer,
        minimum: retentionMsMin,
        description: 'How long message ids are remembered, so that a copy changes nothing; absent: seven days',
      },
    }),
    description:
      'How long what its devices said is kept; history and roll-ups for good where absent. The latest state always stays',
    default: deviceTypeDefaults.retention,
  },
  eventTypes: {
    type: 'object',
    description: 'What holds for an event type, or for a family such as `alarm.*`, instead',
    propertyNames: { type: 'string', pattern: eventTypePattern },
    additionalProperties: object({ mode, schemaPolicy, bytesMax }),
    maxProperties: eventTypeSettingsMax,
    default: deviceTypeDefaults.eventTypes,
  },
  childTypes: {
    ...array(entityName, { maxItems: childTypesMax }),
    description: 'Types of devices that a gateway of this type may register behind itself',
    default: deviceTypeDefaults.childTypes,
  },
};

const typeSchema = answer('The device type', {
  name: entityName,
  ...typeFields,
  schemaVersions: { type: 'object', description: 'The current version of each schema', additionalProperties: integer },
});
const params = object({ name: entityName }, ['name']);

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
      params,
      body: object(typeFields),
      responses: { 200: typeSchema },
    },
    handle: async ({ params, body }, { pipeline }) => {
      const type = deviceTypeWithDefaults({ ...body, name: params.name });
      return ok(await pipeline.registry.putDeviceType(type));
    },
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/device-types/{name}',
    tag,
    summary: 'One device type',
    who: 'admin',
    schemas: { params, responses: { 200: typeSchema } },
    handle: async ({ params: { name } }, { store }) => ok(await deviceTypeNamed(store, name)),
  }),
  route<Named>({
    method: 'DELETE',
    path: '/v1/device-types/{name}',
    tag,
    summary: 'Remove a device type that has no devices, with every version of its schemas',
    who: 'admin',
    schemas: { params, responses: { 204: noContent } },
    handle: async ({ params: { name } }, { pipeline }) => {
      if (!(await pipeline.registry.removeDeviceType(name))) throw unknownType(name);
      return { status: 204 };
    },
  }),
];

/** Throws `not_found`. */
export async function deviceTypeNamed({ registry }: RouteParts['store'], name: string): Promise<DeviceType> {
  const type = (await registry.deviceTypes()).find((each) => each.name === name);
  if (type === undefined) throw unknownType(name);
  return type;
}

function unknownType(name: string): SluiceError {
  return new SluiceError('not_found', `Make device type ${JSON.stringify(name)} first: there is none`);
}
