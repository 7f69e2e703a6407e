import type { Device, DeviceFilter, DevicePatch, NewDevice } from '../../devices/device.ts';
import { SluiceError } from '../../errors.ts';
import { deviceFields, devicePatch, deviceSchema, presentDeviceSchema } from '../device-schemas.ts';
import { type Answer, ok, type Route, type RouteParts, route } from '../route.ts';
import {
  answer,
  array,
  deviceIdParams,
  entityName,
  flag,
  integer,
  noContent,
  object,
  pageLimit,
  text,
} from '../schemas.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly id: string };
}

interface Page {
  readonly after?: string;
  readonly limit: number;
}

interface List {
  readonly query: Page & {
    readonly type?: string;
    readonly gateway?: string;
    readonly retired?: boolean;
    readonly online?: boolean;
    readonly firmwareVersion?: string;
    readonly attribute?: string;
    readonly count: boolean;
  };
}

interface Children extends Named {
  readonly query: Page;
}

interface Put extends Named {
  readonly query: { readonly onlyNew: boolean };
  readonly body: {
    readonly type: string;
    readonly firmwareVersion?: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly retired: boolean;
    readonly gateway?: string;
  };
}

interface Patch extends Named {
  readonly body: DevicePatch;
}

const after = { type: 'string', maxLength: 128 };
const page = answer('One page', { devices: array(presentDeviceSchema), after: text, count: integer });

export const deviceRoutes: readonly Route[] = [
  route<List>({
    method: 'GET',
    path: '/v1/devices',
    tag,
    summary:
      'Devices that have all that is asked for, in the order of their ids; `count` answers how many there are in all',
    who: 'admin',
    schemas: {
      query: object({
        type: entityName,
        gateway: entityName,
        retired: flag,
        online: flag,
        firmwareVersion: { ...text, maxLength: 128 },
        attribute: { ...text, maxLength: 8_192, pattern: '^[^=]+=', description: 'name=value' },
        count: { ...flag, default: false },
        after,
        limit: pageLimit,
      }),
      responses: { 200: page },
    },
    handle: async ({ query: { count, attribute, after: from, limit, ...others } }, { store }) => {
      const filter = { ...others, attribute: attribute === undefined ? undefined : splitAtEquals(attribute) };
      const found = count ? await store.registry.countDevices(filter) : undefined;
      return pageOf(store, filter, { after: from, limit }, found);
    },
  }),
  route<Children>({
    method: 'GET',
    path: '/v1/devices/{id}/children',
    tag,
    summary: 'Devices that this one is the gateway of, in the order of their ids',
    who: 'device',
    schemas: { params: deviceIdParams, query: object({ after, limit: pageLimit }), responses: { 200: page } },
    handle: async ({ params: { id }, query }, { store }) => {
      known(await store.registry.device(id), id);
      return pageOf(store, { gateway: id }, query);
    },
  }),
  route<Put>({
    method: 'PUT',
    path: '/v1/devices/{id}',
    tag,
    summary: 'Register a device, or replace what is known of it; its credentials and state stay',
    who: 'admin',
    schemas: {
      params: deviceIdParams,
      query: object({
        onlyNew: { ...flag, default: false, description: 'Refuse a device that is there, with `conflict`' },
      }),
      body: object(deviceFields, ['type']),
      responses: { 200: { ...deviceSchema, description: 'It was there' }, 201: deviceSchema },
    },
    handle: async ({ params: { id }, query: { onlyNew }, body }, { store, pipeline }) => {
      const there = (await store.registry.device(id)) !== undefined;
      const device: NewDevice = { id, ...body, firmwareVersion: body.firmwareVersion };
      return { status: there ? 200 : 201, body: await pipeline.registry.putDevice(device, onlyNew) };
    },
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/devices/{id}',
    tag,
    summary: 'One device, and whether it is connected',
    who: 'device',
    schemas: { params: deviceIdParams, responses: { 200: presentDeviceSchema } },
    handle: async ({ params: { id } }, { store }) => {
      const [device] = await withPresence(store, [known(await store.registry.device(id), id)]);
      return ok(device);
    },
  }),
  route<Patch>({
    method: 'PATCH',
    path: '/v1/devices/{id}',
    tag,
    summary: 'Change what is named of a device, attribute by attribute; null takes away',
    who: 'admin',
    schemas: { params: deviceIdParams, body: object(devicePatch), responses: { 200: deviceSchema } },
    handle: async ({ params: { id }, body }, { pipeline }) => ok(await pipeline.registry.patchDevice(id, body)),
  }),
  ...(['retire', 'restore'] as const).map((verb) =>
    route<Named>({
      method: 'POST',
      path: `/v1/devices/{id}/${verb}`,
      tag,
      summary:
        verb === 'retire'
          ? 'Refuse the device from now on, and end its connections; all that is known of it stays'
          : 'Take the messages of a retired device again',
      who: 'admin',
      schemas: { params: deviceIdParams, responses: { 200: deviceSchema } },
      handle: async ({ params: { id } }, { pipeline }) =>
        ok(await pipeline.registry.patchDevice(id, { retired: verb === 'retire' })),
    }),
  ),
  route<Named>({
    method: 'DELETE',
    path: '/v1/devices/{id}',
    tag,
    summary: 'Forget a device with its credentials, state and history',
    who: 'admin',
    schemas: { params: deviceIdParams, responses: { 204: noContent } },
    handle: async ({ params }, { pipeline }) => {
      if (!(await pipeline.registry.removeDevice(params.id))) throw unknownDevice(params.id);
      return { status: 204 };
    },
  }),
];

async function pageOf(
  store: RouteParts['store'],
  filter: DeviceFilter,
  { after: from, limit }: Page,
  count?: number,
): Promise<Answer> {
  const devices = await store.registry.devices({ ...filter, after: from, limit });
  const present = await withPresence(store, devices);
  return ok({ devices: present, after: devices.length < limit ? undefined : devices.at(-1)?.id, count });
}

async function withPresence(store: RouteParts['store'], devices: readonly Device[]): Promise<readonly object[]> {
  const presence = await store.presence.of(devices.map(({ id }) => id));
  return devices.map((device) => ({ ...device, presence: presence.get(device.id) }));
}

function splitAtEquals(attribute: string): { name: string; value: string } {
  const at = attribute.indexOf('=');
  return { name: attribute.slice(0, at), value: attribute.slice(at + 1) };
}

/** The device, or `device_unknown`. */
export function known(device: Device | undefined, id: string): Device {
  if (device === undefined) throw unknownDevice(id);
  return device;
}

function unknownDevice(id: string): SluiceError {
  return new SluiceError('device_unknown', `Register device ${JSON.stringify(id)} first: it is not known`);
}
