import { Readable } from 'node:stream';
import {
  type ExportFormat,
  type ExportQuery,
  type ExportSlice,
  exportColumns,
  type Series,
} from '../../devices/series.ts';
import { parseTime } from '../header-values.ts';
import { type Answer, type Route, route } from '../route.ts';
import { deviceIdParams, entityName, eventType, object, timeText } from '../schemas.ts';
import { known } from './devices.ts';

const tag = 'Readings';

interface Fields {
  readonly format: ExportFormat;
  readonly eventType?: string;
  readonly from?: string;
  readonly to?: string;
}

interface OfDevice {
  readonly params: { readonly id: string };
  readonly query: Fields;
}

interface OfAll {
  readonly query: Fields & { readonly type?: string };
}

const contentTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
};

const fields = {
  format: { type: 'string', enum: ['csv', 'ndjson'], default: 'ndjson' },
  eventType,
  from: timeText,
  to: timeText,
};

const lines = {
  type: 'string',
  description: 'A line a reading. A connection that ends without the last chunk tells that something is missing',
};

export const exportRoutes: readonly Route[] = [
  route<OfDevice>({
    method: 'GET',
    path: '/v1/devices/{id}/export',
    tag,
    summary: 'The history of a device as CSV or NDJSON, oldest first',
    who: 'device',
    schemas: { params: deviceIdParams, query: object(fields), responses: { 200: lines } },
    handle: async ({ params: { id }, query }, { store }) => {
      known(await store.registry.device(id), id);
      return exported(store.series, { deviceId: id, ...read(query) });
    },
  }),
  route<OfAll>({
    method: 'GET',
    path: '/v1/export',
    tag,
    summary: 'The history of all devices, or of those of a type, as CSV or NDJSON: device by device, oldest first',
    who: 'admin',
    schemas: { query: object({ ...fields, type: entityName }), responses: { 200: lines } },
    handle: ({ query: { type, ...query } }, { store }) => exported(store.series, { deviceType: type, ...read(query) }),
  }),
];

function read({ format, eventType, from, to }: Fields): ExportQuery {
  return {
    format,
    eventType,
    from: from === undefined ? undefined : parseTime(from, 'from'),
    to: to === undefined ? undefined : parseTime(to, 'to'),
  };
}

/** The first slice is there before the status, so that what fails at once is said by it. */
async function exported(series: Series, query: ExportQuery): Promise<Answer> {
  const first = await series.exported(query);
  return {
    status: 200,
    headers: { 'content-type': contentTypes[query.format] },
    body: Readable.from(slices(series, query, first), { objectMode: false }),
  };
}

/** Reads the next slice when the one before has left: a slow reader holds one of them. */
async function* slices(series: Series, query: ExportQuery, first: ExportSlice): AsyncGenerator<Buffer> {
  if (query.format === 'csv') yield Buffer.from(`${exportColumns.join(',')}\r\n`);
  for (let slice = first; ; ) {
    if (slice.text !== '') yield Buffer.from(slice.text);
    if (slice.next === undefined) return;
    slice = await series.exported(query, slice.next);
  }
}
