import type { SeriesPoint, TypeSeriesPage } from '../devices/series.ts';
import { csvLine } from '../std/csv.ts';
import type { Answer } from './route.ts';

export const functionNames = ['min', 'max', 'avg', 'sum', 'count', 'last'] as const;
export type FunctionName = (typeof functionNames)[number];

/** A page of series with the functions that were asked for, as JSON or as lines. */
export function seriesAnswer(
  { devices, series, next }: TypeSeriesPage,
  names: readonly FunctionName[],
  format: 'json' | 'csv' | 'ndjson',
): Answer {
  const shown = series.map(({ key, points }) => ({ key, points: shownPoints(points, names) }));
  if (format === 'json') return { status: 200, body: { devices, series: shown, next } };
  const rows = shown.flatMap(({ key, points }) => points.map((point) => ({ key, ...point })));
  const headers = {
    'content-type': format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson',
    'sluice-devices': String(devices),
    ...(next === undefined ? {} : { 'sluice-next': String(next) }),
  };
  const body = format === 'csv' ? toCsv(rows, names) : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  return { status: 200, headers, body };
}

export function shownPoints(points: readonly SeriesPoint[], names: readonly FunctionName[]): readonly ShownPoint[] {
  return points.map((point) => ({
    time: point.time,
    ...Object.fromEntries(names.map((name) => [name, point[name]])),
  }));
}

interface ShownPoint extends Partial<SeriesPoint> {
  readonly time: number;
}

/** Times as a spreadsheet reads them, in ISO 8601. */
function toCsv(rows: readonly (ShownPoint & { readonly key: string })[], names: readonly FunctionName[]): string {
  const lines = rows.map((row) =>
    csvLine([row.key, new Date(row.time).toISOString(), ...names.map((name) => String(row[name]))]),
  );
  return csvLine(['key', 'time', ...names]) + lines.join('');
}
