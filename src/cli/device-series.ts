import { choice, integer, text } from '../config/schema.ts';
import type { SeriesPage, SeriesPoint } from '../devices/series.ts';
import { Api, path } from './api.ts';
import { command, UsageError } from './command.ts';
import { apiOptions, many, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { type Column, formatTable, formatTime } from './table.ts';

const time = text({ expected: 'epoch milliseconds or an ISO 8601 time' });
const functionNames = ['min', 'max', 'avg', 'sum', 'count', 'last'] as const;

export const series = command({
  name: 'series',
  summary: 'Shows what the numbers of a device come to, by interval',
  operands: [{ name: 'DEVICE', sentence: 'the id of a device' }],
  options: {
    key: many(text(), { short: 'k', placeholder: 'KEY', sentence: 'Key of the readings.' }),
    fn: many(choice(...functionNames), { placeholder: 'FUNCTION', sentence: 'What to show; all where left out.' }),
    interval: valueOr(text({ expected: 'a length such as 30s, 5m, 1h or 7d' }), '1h', {
      short: 'i',
      placeholder: 'LENGTH',
      sentence: 'Such as 30s, 5m, 1h or 7d.',
    }),
    event: value(text(), { placeholder: 'TYPE', sentence: 'Event type of the readings; `telemetry` where left out.' }),
    from: value(time, { placeholder: 'TIME', sentence: 'Only readings of this time or later.' }),
    to: value(time, { placeholder: 'TIME', sentence: 'Only readings before this time.' }),
    limit: valueOr(integer(1, 1000), 100, { placeholder: 'N', sentence: 'Intervals at most.' }),
    ...apiOptions,
  },
  async run({ options, operands: [device], terminal }) {
    const { key, fn, interval, event: eventType, from, to, limit } = options;
    if (key.length === 0) throw new UsageError('Give --key: which readings to show');
    const api = new Api(options.url, options.token);
    const query = { key, fn, interval, eventType, from, to, limit };
    const answer = await api.get<SeriesPage>(path`/v1/devices/${device}/series`, query);
    return print(terminal, options.json, answer, (page) => format(page, fn.length === 0 ? functionNames : fn));
  },
});

type Row = SeriesPoint & { readonly key: string };

function format({ series, next }: SeriesPage, shown: readonly (typeof functionNames)[number][]): string {
  const rows = series.flatMap(({ key, points }) => points.map((point) => ({ key, ...point })));
  const columns: Column<Row>[] = [
    { title: 'key', cell: (row) => row.key },
    { title: 'time', cell: (row) => formatTime(row.time) },
    ...shown.map((name) => ({ title: name, cell: (row: Row) => row[name] })),
  ];
  const table = formatTable(rows, columns, 'There are no numbers in this span.');
  return next === undefined ? table : `${table}\nMore: --from ${next}`;
}
