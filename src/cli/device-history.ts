import { integer, text } from '../config/schema.ts';
import type { HistoryRow } from '../devices/store.ts';
import { Api, path } from './api.ts';
import { command } from './command.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { type Column, formatTable, formatTime } from './table.ts';

const warningsColumn: Column<HistoryRow> = { title: 'warnings', cell: ({ warnings }) => warnings?.join('; ') };
const time = text({ expected: 'epoch milliseconds or an ISO 8601 time' });

export const history = command({
  name: 'history',
  summary: 'Shows the readings of a device, newest first',
  operands: [{ name: 'DEVICE', sentence: 'the id of a device' }],
  options: {
    event: value(text(), { placeholder: 'TYPE', sentence: 'Only readings of this event type.' }),
    from: value(time, { placeholder: 'TIME', sentence: 'Only readings of this time or later.' }),
    to: value(time, { placeholder: 'TIME', sentence: 'Only readings before this time.' }),
    before: value(integer(0), { placeholder: 'ID', sentence: 'Only rows behind the one with this id.' }),
    limit: valueOr(integer(1, 1000), 20, { placeholder: 'N', sentence: 'Readings at most.' }),
    ...apiOptions,
  },
  async run({ options, operands: [device], terminal }) {
    const { event: eventType, from, to, before, limit } = options;
    const api = new Api(options.url, options.token);
    const query = { eventType, from, to, before, limit };
    const answer = await api.get<{ rows: readonly HistoryRow[] }>(path`/v1/devices/${device}/history`, query);
    return print(terminal, options.json, answer, ({ rows }) => formatHistory(rows));
  },
});

export function formatHistory(rows: readonly HistoryRow[]): string {
  return formatTable(
    rows,
    [
      { title: 'time', cell: (row) => formatTime(row.time) },
      { title: 'event', cell: (row) => row.eventType },
      { title: 'outcome', cell: (row) => row.outcome },
      { title: 'driver', cell: (row) => `${row.driver} ${row.driverVersion}` },
      { title: 'message', cell: (row) => row.messageId },
      ...(rows.some(({ warnings = [] }) => warnings.length > 0) ? [warningsColumn] : []),
      { title: 'data', cell: (row) => JSON.stringify(row.data) },
    ],
    'The device has no history yet.',
  );
}
