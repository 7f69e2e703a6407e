import { choice, integer, text } from '../config/schema.ts';
import type { SeriesPage, SeriesPoint, TypeSeriesPage } from '../devices/series.ts';
import { Api, path } from './api.ts';
import { command, UsageError } from './command.ts';
import { apiOptions, many, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { type Column, formatTable, formatTime } from './table.ts';

const time = text({ expected: 'epoch milliseconds or an ISO 8601 time' });
const functionNames = ['min', 'max', 'avg', 'sum', 'count', 'last'] as const;

const questionOptions = {
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
};

export const series = command({
  name: 'series',
  summary: 'Shows what the numbers of a device come to, by interval',
  operands: [{ name: 'DEVICE', sentence: 'the id of a device' }],
  options: { ...questionOptions, ...apiOptions },
  async run({ options, operands: [device], terminal }) {
    const query = questionOf(options);
    const api = new Api(options.url, options.token);
    const answer = await api.get<SeriesPage>(path`/v1/devices/${device}/series`, query);
    return print(terminal, options.json, answer, (page) => format(page, shownOf(query)));
  },
});

export const typeSeries = command({
  name: 'series',
  summary: 'Shows what the numbers of all devices of a type come to together, by interval',
  operands: [{ name: 'TYPE', sentence: 'the name of a device type' }],
  options: {
    ...questionOptions,
    format: valueOr(choice('table', 'csv', 'ndjson'), 'table', {
      short: 'f',
      placeholder: 'FORMAT',
      sentence: 'table, or csv or ndjson with a line for each interval.',
    }),
    ...apiOptions,
  },
  async run({ options, operands: [type], terminal }) {
    const query = questionOf(options);
    const api = new Api(options.url, options.token);
    const at = path`/v1/device-types/${type}/series`;
    if (options.format === 'table' || options.json) {
      const answer = await api.get<TypeSeriesPage>(at, query);
      return print(terminal, options.json, answer, (page) => {
        return `${format(page, shownOf(query))}\nDevices: ${page.devices}`;
      });
    }
    const lines = await api.download(at, { ...query, format: options.format });
    terminal.out((await new Response(lines).text()).trimEnd());
    return 0;
  },
});

interface Question {
  readonly key: readonly string[];
  readonly fn: readonly (typeof functionNames)[number][];
  readonly interval: string;
  readonly event: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly limit: number;
}

function questionOf({ key, fn, interval, event: eventType, from, to, limit }: Question) {
  if (key.length === 0) throw new UsageError('Give --key: which readings to show');
  return { key, fn, interval, eventType, from, to, limit };
}

function shownOf({ fn }: Pick<Question, 'fn'>): Question['fn'] {
  return fn.length === 0 ? functionNames : fn;
}

type Row = SeriesPoint & { readonly key: string };

function format(
  { series, next, numbers }: Pick<TypeSeriesPage, 'series' | 'next'> & Pick<SeriesPage, 'numbers'>,
  shown: readonly (typeof functionNames)[number][],
): string {
  const rows = series.flatMap(({ key, points }) => points.map((point) => ({ key, ...point })));
  const columns: Column<Row>[] = [
    { title: 'key', cell: (row) => row.key },
    { title: 'time', cell: (row) => formatTime(row.time) },
    ...shown.map((name) => ({ title: name, cell: (row: Row) => row[name] })),
  ];
  const table = formatTable(rows, columns, absence(next, numbers));
  const goOn = numbers === undefined || next === undefined ? next : Math.max(next, numbers.from);
  const isOver = numbers !== undefined && next !== undefined && numbers.to < next;
  return goOn === undefined || isOver ? table : `${table}\nMore: --from ${goOn}`;
}

function absence(next: number | undefined, numbers: SeriesPage['numbers']): string {
  const where = next === undefined ? 'in this span' : `before ${formatTime(next)}`;
  const elsewhere = numbers && `: they go from ${formatTime(numbers.from)} to ${formatTime(numbers.to)}`;
  return `There are no numbers ${where}${elsewhere ?? ''}.`;
}
