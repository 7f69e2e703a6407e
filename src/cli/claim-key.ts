import { integer, text } from '../config/schema.ts';
import type { ClaimKey } from '../devices/claim-keys.ts';
import { Api, path } from './api.ts';
import { command, group } from './command.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatFields, formatTable, formatTime } from './table.ts';

const make = command({
  name: 'make',
  summary: 'Makes a key by which devices register themselves, and prints it, this once',
  operands: [{ name: 'TYPE', sentence: 'the type of the devices' }],
  options: {
    prefix: value(text(), { placeholder: 'TEXT', sentence: 'What their ids begin with.' }),
    gateway: value(text(), { placeholder: 'DEVICE', sentence: 'The gateway that they are behind.' }),
    uses: valueOr(integer(1, 1_000_000), 1, { placeholder: 'N', sentence: 'How many devices may come.' }),
    ...apiOptions,
  },
  async run({ options, operands: [deviceType], terminal }) {
    const { prefix: idPrefix, gateway, uses } = options;
    const api = new Api(options.url, options.token);
    const answer = await api.post<ClaimKey>('/v1/claim-keys', { deviceType, idPrefix, gateway, uses });
    return print(terminal, options.json, answer, (told) =>
      formatFields({ ...told, createdAt: formatTime(told.createdAt) }),
    );
  },
});

const list = command({
  name: 'list',
  summary: 'Lists the claim keys',
  options: apiOptions,
  async run({ options, terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<{ claimKeys: readonly ClaimKey[] }>('/v1/claim-keys');
    return print(terminal, options.json, answer, ({ claimKeys }) =>
      formatTable(
        claimKeys,
        [
          { title: 'id', cell: (row) => row.id },
          { title: 'type', cell: (row) => row.deviceType },
          { title: 'prefix', cell: (row) => row.idPrefix },
          { title: 'uses left', cell: (row) => String(row.usesLeft) },
          { title: 'created', cell: (row) => formatTime(row.createdAt) },
        ],
        'There are no claim keys.',
      ),
    );
  },
});

const remove = command({
  name: 'remove',
  summary: 'Revokes a claim key; the devices that came by it stay',
  operands: [{ name: 'ID', sentence: 'the id of a key' }],
  options: apiOptions,
  async run({ options, operands: [id], terminal }) {
    await new Api(options.url, options.token).delete(path`/v1/claim-keys/${id}`);
    return print(terminal, options.json, { removed: id }, () => `Removed claim key ${id}.`);
  },
});

export const claimKey = group('claim-key', 'Works with keys by which devices register themselves', [
  make,
  list,
  remove,
]);
