import { isDeviceId } from '../../access/device-topics.ts';
import type { Device, NewDevice } from '../../devices/store.ts';
import { SluiceError } from '../../errors.ts';
import { ok, type Route, route } from '../route.ts';
import {
  answer,
  array,
  deviceIdParams,
  entityName,
  epochMs,
  flag,
  noContent,
  object,
  pageLimit,
  text,
} from '../schemas.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly id: string };
}

interface List {
  readonly query: { readonly type?: string; readonly after?: string; readonly limit: number };
}

interface Put extends Named {
  readonly body: {
    readonly type: string;
    readonly firmwareVersion?: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly retired: boolean;
  };
}

const deviceFields = {
  type: entityName,
  firmwareVersion: { ...text, maxLength: 128 },
  attributes: {
    type: 'object',
    additionalProperties: { type: 'string', maxLength: 4_096 },
    maxProperties: 256,
    default: {},
  },
  retired: { ...flag, default: false },
};

const deviceSchema = answer('The device', { id: entityName, ...deviceFields, createdAt: epochMs });

export const deviceRoutes: readonly Route[] = [
  route<List>({
    method: 'GET',
    path: '/v1/devices',
    tag,
    summary: 'Devices in the order of their ids',
    who: 'admin',
    schemas: {
      query: object({ type: entityName, after: { type: 'string', maxLength: 128 }, limit: pageLimit }),
      responses: { 200: answer('One page', { devices: array(deviceSchema), after: text }) },
    },
    handle: async ({ query }, { store }) => {
      const devices = await store.registry.devices(query);
      return ok({ devices, after: devices.length < query.limit ? undefined : devices.at(-1)?.id });
    },
  }),
  route<Put>({
    method: 'PUT',
    path: '/v1/devices/{id}',
    tag,
    summary: 'Register a device, or replace what is known of it; its credential and state stay',
    who: 'admin',
    schemas: {
      params: deviceIdParams,
      body: object(deviceFields, ['type']),
      responses: { 200: { ...deviceSchema, description: 'It was there' }, 201: deviceSchema },
    },
    handle: async ({ params: { id }, body }, { store, pipeline }) => {
      if (!isDeviceId(id)) {
        throw new SluiceError(
          'invalid_argument',
          `Choose another device id than ${JSON.stringify(id)}: an id takes letters, digits, '.', '_', ':' and '-', and "me" stands for the caller`,
        );
      }
      const there = (await store.registry.device(id)) !== undefined;
      const device: NewDevice = { id, ...body, firmwareVersion: body.firmwareVersion };
      return { status: there ? 200 : 201, body: await pipeline.registry.putDevice(device) };
    },
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/devices/{id}',
    tag,
    summary: 'One device',
    who: 'device',
    schemas: { params: deviceIdParams, responses: { 200: deviceSchema } },
    handle: async ({ params }, { store }) => ok(known(await store.registry.device(params.id), params.id)),
  }),
  route<Named>({
    method: 'DELETE',
    path: '/v1/devices/{id}',
    tag,
    summary: 'Forget a device with its credential, state and history',
    who: 'admin',
    schemas: { params: deviceIdParams, responses: { 204: noContent } },
    handle: async ({ params }, { pipeline }) => {
      if (!(await pipeline.registry.removeDevice(params.id))) throw unknownDevice(params.id);
      return { status: 204 };
    },
  }),
];

/** The device, or `device_unknown`. */
export function known(device: Device | undefined, id: string): Device {
  if (device === undefined) throw unknownDevice(id);
  return device;
}

function unknownDevice(id: string): SluiceError {
  return new SluiceError('device_unknown', `Register device ${JSON.stringify(id)} first: it is not known`);
}
