import { text } from '../config/schema.ts';
import { Api, path } from './api.ts';
import { command, group, UsageError } from './command.ts';
import { readInput } from './input-file.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatTable } from './table.ts';

interface DriverAnswer {
  readonly id: string;
  readonly version: string;
  readonly deviceType: string;
  readonly firmware: string;
  readonly builtIn: boolean;
}

const list = command({
  name: 'list',
  summary: 'Lists the drivers',
  options: apiOptions,
  async run({ options, terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<{ drivers: readonly DriverAnswer[] }>('/v1/drivers');
    return print(terminal, options.json, answer, ({ drivers }) =>
      formatTable(
        drivers,
        [
          { title: 'driver', cell: (row) => row.id },
          { title: 'version', cell: (row) => row.version },
          { title: 'device type', cell: (row) => row.deviceType },
          { title: 'firmware', cell: (row) => row.firmware },
          { title: 'from', cell: (row) => (row.builtIn ? 'sluice' : 'upload') },
        ],
        'There are no drivers.',
      ),
    );
  },
});

const put = command({
  name: 'put',
  summary: 'Brings in a driver: a script that defines decodeUplink(input), as The Things Stack has them',
  operands: [
    { name: 'DRIVER', sentence: 'the id of the driver' },
    { name: 'VERSION', sentence: 'its version, as semver' },
  ],
  options: {
    file: value(text(), { short: 'f', placeholder: 'FILE', sentence: 'The script; needed.' }),
    'device-type': value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Device type it is for; needed.' }),
    firmware: valueOr(text(), '*', {
      placeholder: 'RANGE',
      sentence: 'Firmware versions it is for, as a semver range.',
    }),
    ...apiOptions,
  },
  async run({ options, operands: [id, version], terminal }) {
    const { file, firmware, 'device-type': deviceType } = options;
    if (file === undefined || deviceType === undefined) throw new UsageError('Give both --file and --device-type');
    const script = (await readInput(terminal, file)).toString('utf8');
    const api = new Api(options.url, options.token);
    const answer = await api.put(path`/v1/drivers/${id}/${version}`, { deviceType, firmware, script });
    return print(terminal, options.json, answer, () => `Brought in driver ${id} ${version}.`);
  },
});

export const driver = group('driver', 'Works with drivers', [list, put]);
