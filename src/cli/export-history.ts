import { resolve } from 'node:path';
import { choice, text } from '../config/schema.ts';
import { Api, path } from './api.ts';
import { command, UsageError } from './command.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { writeWhole } from './whole-file.ts';

const time = text({ expected: 'epoch milliseconds or an ISO 8601 time' });

export const exportHistory = command({
  name: 'export-history',
  summary: 'Writes the history of devices to a file, as CSV or NDJSON',
  note: 'The file appears when it is whole; what breaks off leaves none.',
  operands: [{ name: 'FILE', sentence: 'where to write' }],
  options: {
    device: value(text(), { placeholder: 'DEVICE', sentence: 'Only this device.' }),
    type: value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Only devices of this type.' }),
    event: value(text(), { placeholder: 'TYPE', sentence: 'Only readings of this event type.' }),
    from: value(time, { placeholder: 'TIME', sentence: 'Only readings of this time or later.' }),
    to: value(time, { placeholder: 'TIME', sentence: 'Only readings before this time.' }),
    format: valueOr(choice('csv', 'ndjson'), 'csv', { short: 'f', placeholder: 'FORMAT', sentence: 'csv or ndjson.' }),
    ...apiOptions,
  },
  async run({ options, operands: [name], terminal }) {
    const { device, type, event: eventType, from, to, format } = options;
    if (device !== undefined && type !== undefined) throw new UsageError('Give --device or --type, not both');
    const api = new Api(options.url, options.token);
    const at = device === undefined ? '/v1/export' : path`/v1/devices/${device}/export`;
    const file = resolve(terminal.cwd, name);
    await writeWhole(file, await api.download(at, { type, eventType, from, to, format }));
    return print(terminal, options.json, { file }, () => `Wrote ${file}.`);
  },
});
