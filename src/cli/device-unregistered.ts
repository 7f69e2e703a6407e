import { integer } from '../config/schema.ts';
import type { Stranger } from '../pipeline/strangers.ts';
import { Api } from './api.ts';
import { command } from './command.ts';
import { apiOptions, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatTable, formatTime } from './table.ts';

export const unregistered = command({
  name: 'unregistered',
  summary: 'Lists the device ids that send and that nobody registered',
  note: 'Since the start of the server, those that sent last first.',
  options: {
    limit: valueOr(integer(1, 1000), 100, { placeholder: 'N', sentence: 'Ids at most.' }),
    ...apiOptions,
  },
  async run({ options, terminal }) {
    const api = new Api(options.url, options.token);
    const { limit } = options;
    const answer = await api.get<{ devices: readonly Stranger[] }>('/v1/unregistered-devices', { limit });
    return print(terminal, options.json, answer, ({ devices }) =>
      formatTable(
        devices,
        [
          { title: 'device', cell: (row) => row.deviceId },
          { title: 'messages', cell: (row) => row.messages },
          { title: 'first', cell: (row) => formatTime(row.firstAt) },
          { title: 'last', cell: (row) => formatTime(row.lastAt) },
          { title: 'sent by', cell: (row) => row.lastClient },
        ],
        'Nobody has sent anything as a device that is not registered.',
      ),
    );
  },
});
