import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { choice, integer, text } from '../config/schema.ts';
import type { DeviceType } from '../devices/store.ts';
import { Api, path } from './api.ts';
import { command, group } from './command.ts';
import { apiOptions, value } from './options.ts';
import { print } from './print.ts';
import { formatTable } from './table.ts';

const list = command({
  name: 'list',
  summary: 'Lists the device types',
  options: apiOptions,
  async run({ options, terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<{ deviceTypes: readonly DeviceType[] }>('/v1/device-types');
    return print(terminal, options.json, answer, ({ deviceTypes }) =>
      formatTable(
        deviceTypes,
        [
          { title: 'type', cell: (row) => row.name },
          { title: 'mode', cell: (row) => row.mode },
          { title: 'schema policy', cell: (row) => row.schemaPolicy },
          { title: 'fPort', cell: (row) => row.fPort },
        ],
        'There are no device types.',
      ),
    );
  },
});

const set = command({
  name: 'set',
  summary: 'Makes or replaces a device type: what is not named gets its default',
  operands: [{ name: 'TYPE', sentence: 'the name of a device type' }],
  options: {
    mode: value(choice('inline', 'queued'), {
      placeholder: 'MODE',
      sentence: 'inline: the answer says what became of the message; queued: it says that the message is safe.',
    }),
    'schema-policy': value(choice('enforce', 'warn', 'off'), {
      placeholder: 'POLICY',
      sentence: 'What happens to a reading that does not match its schema.',
    }),
    schemas: value(text(), { placeholder: 'FILE', sentence: 'JSON file with a JSON Schema for each event type.' }),
    'f-port': value(integer(1, 255), { placeholder: 'N', sentence: 'LoRaWAN port of messages that name none.' }),
    ...apiOptions,
  },
  async run({ options, operands: [name], terminal }) {
    const { mode, schemas: file, 'schema-policy': schemaPolicy, 'f-port': fPort } = options;
    const schemas = file === undefined ? undefined : JSON.parse(await readFile(resolve(terminal.cwd, file), 'utf8'));
    const api = new Api(options.url, options.token);
    const answer = await api.put(path`/v1/device-types/${name}`, { mode, schemaPolicy, schemas, fPort });
    return print(terminal, options.json, answer, () => `Set device type ${name}.`);
  },
});

export const type = group('type', 'Works with device types', [list, set]);
