import type { Ban } from '../broker/admission/bans.ts';
import { Api, path } from './api.ts';
import { type Command, command, group } from './command.ts';
import { apiOptions } from './options.ts';
import { print } from './print.ts';
import { formatTable, formatTime, withoutControls } from './table.ts';

const list = command({
  name: 'list',
  summary: 'Lists who may not connect over MQTT for a while',
  options: apiOptions,
  async run({ options, terminal }) {
    const answer = await new Api(options.url, options.token).get<{ bans: readonly Ban[] }>('/v1/bans');
    return print(terminal, options.json, answer, ({ bans }) =>
      formatTable(
        bans,
        [
          { title: 'id', cell: (row) => row.id },
          { title: 'kind', cell: (row) => row.kind },
          { title: 'address', cell: (row) => row.address },
          { title: 'name', cell: (row) => withoutControls(row.name ?? '') },
          { title: 'until', cell: (row) => formatTime(row.until) },
          { title: 'because of', cell: (row) => row.reason },
        ],
        'Nobody is banned.',
      ),
    );
  },
});

const lift = command({
  name: 'lift',
  summary: 'Lifts a ban',
  operands: [{ name: 'ID', sentence: 'the id of a ban, as `sluice ban list` shows it' }],
  options: apiOptions,
  async run({ options, operands: [id], terminal }) {
    await new Api(options.url, options.token).delete(path`/v1/bans/${id}`);
    return print(terminal, options.json, { lifted: id }, () => `Lifted ban ${id}.`);
  },
});

export const ban: Command = group('ban', 'Shows and lifts the bans of MQTT clients', [list, lift]);
