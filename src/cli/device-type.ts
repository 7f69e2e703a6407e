import { text } from '../config/schema.ts';
import type { DeviceType } from '../devices/device-type.ts';
import type { JsonObject } from '../std/json.ts';
import { Api, path } from './api.ts';
import { command, group, type Terminal } from './command.ts';
import { schema } from './device-schema.ts';
import { typeSeries } from './device-series.ts';
import { deviceTypeFlags, withFlags } from './device-type-flags.ts';
import { readJsonObject } from './json-file.ts';
import { apiOptions, many, value } from './options.ts';
import { print } from './print.ts';
import { formatTable } from './table.ts';

interface DeviceTypesAnswer {
  readonly deviceTypes: readonly DeviceType[];
}

const operands = [{ name: 'TYPE', sentence: 'the name of a device type' }];

const list = command({
  name: 'list',
  summary: 'Lists the device types',
  options: apiOptions,
  async run({ options, terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<DeviceTypesAnswer>('/v1/device-types');
    return print(terminal, options.json, answer, ({ deviceTypes }) =>
      formatTable(
        deviceTypes,
        [
          { title: 'type', cell: (row) => row.name },
          { title: 'mode', cell: (row) => row.mode },
          { title: 'schema policy', cell: (row) => row.schemaPolicy },
          { title: 'schemas', cell: ({ schemas }) => formatSchemas(schemas) },
          { title: 'fPort', cell: (row) => row.fPort },
        ],
        'There are no device types.',
      ),
    );
  },
});

const set = command({
  name: 'set',
  summary: 'Makes a device type, or changes what the options name of one that is there; all else of it stays',
  operands,
  options: {
    ...deviceTypeFlags,
    schemas: value(text(), {
      placeholder: 'FILE',
      sentence: 'JSON file with a JSON Schema for each event type, in place of all that are there.',
    }),
    'child-type': many(text(), {
      placeholder: 'TYPE',
      sentence:
        'A type of devices that a gateway of this type may register behind itself, as often as needed, in place of all that are there.',
    }),
    ...apiOptions,
  },
  async run({ options, operands: [name], terminal }) {
    const schemas = options.schemas === undefined ? undefined : await readSchemas(terminal, options.schemas);
    const api = new Api(options.url, options.token);
    const { deviceTypes } = await api.get<DeviceTypesAnswer>('/v1/device-types');
    const there = deviceTypes.find((each) => each.name === name);
    const { name: _, schemaVersions: _versions, ...kept } = there ?? { name, schemaVersions: {} };
    const body = {
      ...withFlags(kept as JsonObject, options),
      ...(schemas === undefined ? {} : { schemas }),
      ...(options['child-type'].length === 0 ? {} : { childTypes: options['child-type'] }),
    };
    const answer = await api.put<DeviceType>(path`/v1/device-types/${name}`, body);
    return print(terminal, options.json, answer, ({ mode, schemaPolicy }) => {
      const done = there === undefined ? 'Made' : 'Changed';
      return `${done} device type ${name}: its mode is ${mode}, its schema policy ${schemaPolicy}.`;
    });
  },
});

const show = command({
  name: 'show',
  summary: 'Shows all of a device type as JSON',
  operands,
  options: apiOptions,
  async run({ options, operands: [name], terminal }) {
    const answer = await new Api(options.url, options.token).get<DeviceType>(path`/v1/device-types/${name}`);
    return print(terminal, options.json, answer, (found) => JSON.stringify(found, null, 2));
  },
});

const remove = command({
  name: 'remove',
  summary: 'Removes a device type that has no devices, with every version of its schemas',
  operands,
  options: apiOptions,
  async run({ options, operands: [name], terminal }) {
    await new Api(options.url, options.token).delete(path`/v1/device-types/${name}`);
    return print(terminal, options.json, { removed: name }, () => `Removed device type ${name}.`);
  },
});

export const type = group('type', 'Works with device types', [list, show, set, remove, schema, typeSeries]);

function formatSchemas(schemas: DeviceType['schemas']): string {
  const names = Object.keys(schemas);
  return names.length === 0 ? '' : `${names.length}: ${names.join(' ')}`;
}

async function readSchemas(terminal: Terminal, file: string): Promise<JsonObject> {
  const schemas = await readJsonObject(terminal, file);
  if (schemas !== undefined) return schemas;
  throw new Error(
    `Cannot use the schemas in ${JSON.stringify(file)}: expected a JSON object with one for each event type`,
  );
}
