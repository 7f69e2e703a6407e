import { text } from '../config/schema.ts';
import type { SchemaVersion } from '../devices/event-schemas.ts';
import { Api, path } from './api.ts';
import { command, group } from './command.ts';
import { readJsonObject } from './json-file.ts';
import { apiOptions, value } from './options.ts';
import { print } from './print.ts';
import { formatTable, formatTime } from './table.ts';

const operands = [
  { name: 'TYPE', sentence: 'the name of a device type' },
  { name: 'EVENT', sentence: 'an event type, such as telemetry' },
];

interface VersionsAnswer {
  readonly current?: number;
  readonly versions: readonly SchemaVersion[];
}

const list = command({
  name: 'list',
  summary: 'Lists the versions of the schema of an event type, the newest first',
  operands,
  options: apiOptions,
  async run({ options, operands: [type, event], terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<VersionsAnswer>(path`/v1/device-types/${type}/schemas/${event}`);
    return print(terminal, options.json, answer, ({ current, versions }) =>
      formatTable(
        versions,
        [
          { title: 'version', cell: ({ version }) => version },
          { title: 'current', cell: ({ version }) => (version === current ? 'yes' : '') },
          { title: 'made', cell: ({ createdAt }) => formatTime(createdAt) },
          { title: 'schema', cell: ({ schema }) => JSON.stringify(schema) },
        ],
        'There is no schema.',
      ),
    );
  },
});

const set = command({
  name: 'set',
  summary: 'Checks readings of an event type by a JSON Schema from the next message on',
  operands,
  options: {
    file: value(text(), { short: 'f', placeholder: 'FILE', sentence: 'The JSON Schema; - reads standard input.' }),
    ...apiOptions,
  },
  async run({ options, operands: [type, event], terminal }) {
    const file = options.file ?? '-';
    const schema = await readJsonObject(terminal, file);
    if (schema === undefined)
      throw new Error(`Cannot use the schema in ${JSON.stringify(file)}: expected a JSON object`);
    const api = new Api(options.url, options.token);
    const answer = await api.put<{ version: number }>(path`/v1/device-types/${type}/schemas/${event}`, schema);
    return print(terminal, options.json, answer, ({ version }) => `Version ${version} of the schema is current.`);
  },
});

const remove = command({
  name: 'remove',
  summary: 'Checks readings of an event type no more, or by the schema of their driver',
  operands,
  options: apiOptions,
  async run({ options, operands: [type, event], terminal }) {
    await new Api(options.url, options.token).delete(path`/v1/device-types/${type}/schemas/${event}`);
    return print(terminal, options.json, { removed: event }, () => `${event} of ${type} has no schema any more.`);
  },
});

export const schema = group('schema', 'Works with the schemas of a device type', [list, set, remove]);
