import { integer, text } from '../config/schema.ts';
import type { Presence } from '../devices/presence.ts';
import type { Device, StateEntry } from '../devices/store.ts';
import { Api, path } from './api.ts';
import { command, group, UsageError } from './command.ts';
import { add, update } from './device-add.ts';
import { credentials } from './device-credentials.ts';
import { history } from './device-history.ts';
import { series } from './device-series.ts';
import { story } from './device-story.ts';
import { exportDevices, importDevices } from './device-transfer.ts';
import { type } from './device-type.ts';
import { unregistered } from './device-unregistered.ts';
import { apiOptions, switchable, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatFields, formatTable, formatTime } from './table.ts';

/** As the API shows one. */
interface ShownDevice extends Device {
  readonly presence?: Presence;
}

const id = { name: 'DEVICE', sentence: 'the id of a device' };

const list = command({
  name: 'list',
  summary: 'Lists the devices',
  options: {
    type: value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Only devices of this type.' }),
    gateway: value(text(), { placeholder: 'DEVICE', sentence: 'Only devices behind this gateway.' }),
    firmware: value(text(), { placeholder: 'VERSION', sentence: 'Only devices with this firmware.' }),
    attribute: value(text({ pattern: /^[^=]+=/, expected: 'NAME=VALUE' }), {
      placeholder: 'NAME=VALUE',
      sentence: 'Only devices with this attribute.',
    }),
    retired: switchable({ sentence: 'Only retired ones.' }),
    online: switchable({ sentence: 'Only those that are connected over MQTT.' }),
    offline: switchable({ sentence: 'Only those that are not.' }),
    after: value(text(), { placeholder: 'DEVICE', sentence: 'Only ids behind this one.' }),
    limit: valueOr(integer(1, 1000), 100, { placeholder: 'N', sentence: 'Devices at most.' }),
    ...apiOptions,
  },
  async run({ options, terminal }) {
    const { type, gateway, firmware: firmwareVersion, attribute, after, limit } = options;
    if (options.online && options.offline) throw new UsageError('Give one of --online and --offline: met both');
    const retired = options.retired ? 'true' : undefined;
    const online = options.online || options.offline ? String(options.online) : undefined;
    const filters = [type, gateway, firmwareVersion, attribute, retired, online, after];
    const filtered = filters.some((filter) => filter !== undefined);
    const api = new Api(options.url, options.token);
    const answer = await api.get<{ devices: readonly ShownDevice[]; after?: string }>('/v1/devices', {
      type,
      gateway,
      firmwareVersion,
      attribute,
      retired,
      online,
      after,
      limit,
    });
    return print(terminal, options.json, answer, ({ devices, after: next }) => {
      const table = formatTable(
        devices,
        [
          { title: 'device', cell: (row) => row.id },
          { title: 'type', cell: (row) => row.type },
          { title: 'firmware', cell: (row) => row.firmwareVersion },
          { title: 'retired', cell: (row) => (row.retired ? 'yes' : 'no') },
          { title: 'online', cell: (row) => row.presence && (row.presence.online ? 'yes' : 'no') },
          { title: 'created', cell: (row) => formatTime(row.createdAt) },
        ],
        filtered ? 'No device matches.' : 'There are no devices.',
      );
      return next === undefined ? table : `${table}\nMore: --after ${next}`;
    });
  },
});

const show = command({
  name: 'show',
  summary: 'Shows a device',
  operands: [id],
  options: apiOptions,
  async run({ options, operands: [device], terminal }) {
    const answer = await new Api(options.url, options.token).get<ShownDevice>(path`/v1/devices/${device}`);
    return print(terminal, options.json, answer, ({ presence, ...told }) =>
      formatFields({
        ...told,
        retired: told.retired ? 'yes' : 'no',
        createdAt: formatTime(told.createdAt),
        ...(presence !== undefined && {
          online: presence.online ? 'yes' : 'no',
          connectedAt: formatTime(presence.connectedAt),
          disconnectedAt: formatTime(presence.disconnectedAt),
        }),
      }),
    );
  },
});

const remove = command({
  name: 'remove',
  summary: 'Forgets a device with its state and history',
  operands: [id],
  options: apiOptions,
  async run({ options, operands: [device], terminal }) {
    await new Api(options.url, options.token).delete(path`/v1/devices/${device}`);
    return print(terminal, options.json, { removed: device }, () => `Removed device ${device}.`);
  },
});

const [retire, restore] = (['retire', 'restore'] as const).map((verb) =>
  command({
    name: verb,
    summary:
      verb === 'retire' ? 'Refuses a device from now on; what is known of it stays' : 'Takes a retired device again',
    operands: [id],
    options: apiOptions,
    async run({ options, operands: [device], terminal }) {
      const answer = await new Api(options.url, options.token).post<Device>(`${path`/v1/devices/${device}`}/${verb}`);
      return print(terminal, options.json, answer, () => `Device ${device} is ${verb}d.`);
    },
  }),
);

const state = command({
  name: 'state',
  summary: 'Shows the latest value of everything that a device tells',
  operands: [id],
  options: apiOptions,
  async run({ options, operands: [device], terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<{ state: readonly StateEntry[] }>(path`/v1/devices/${device}/state`);
    return print(terminal, options.json, answer, (told) =>
      formatTable(
        told.state,
        [
          { title: 'event', cell: (row) => row.eventType },
          { title: 'key', cell: (row) => row.key },
          { title: 'value', cell: (row) => JSON.stringify(row.value) },
          { title: 'time', cell: (row) => formatTime(row.time) },
          { title: 'message', cell: (row) => row.messageId },
        ],
        'The device has no state yet.',
      ),
    );
  },
});

export const device = group('device', 'Works with devices and their types', [
  add,
  update,
  list,
  unregistered,
  show,
  retire,
  restore,
  remove,
  credentials,
  importDevices,
  exportDevices,
  state,
  history,
  series,
  story,
  type,
]);
