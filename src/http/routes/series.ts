import type { SeriesQuery } from '../../devices/series.ts';
import { SluiceError } from '../../errors.ts';
import { parseInterval, parseTime } from '../header-values.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import {
  answer,
  array,
  deviceIdParams,
  entityName,
  epochMs,
  eventType,
  integer,
  object,
  oneOrMore,
  pageLimit,
  text,
  timeText,
} from '../schemas.ts';
import { type FunctionName, functionNames, seriesAnswer, shownPoints } from '../series-answer.ts';
import { deviceTypeNamed } from './device-types.ts';
import { known } from './devices.ts';

const tag = 'Readings';

/** Keys of one question, and devices of one answer. */
const keysMax = 20;
const devicesMax = 100;

interface SeriesFields {
  readonly key: string | readonly string[];
  readonly fn?: FunctionName | readonly FunctionName[];
  readonly eventType: string;
  readonly interval: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
}

interface OfDevice {
  readonly params: { readonly id: string };
  readonly query: SeriesFields;
}

interface OfDevices {
  readonly query: SeriesFields & {
    readonly device?: string | readonly string[];
    readonly type?: string;
    readonly after?: string;
  };
}

const textFormats = ['csv', 'ndjson'] as const;

interface OfType {
  readonly params: { readonly name: string };
  readonly query: SeriesFields & { readonly format: 'json' | (typeof textFormats)[number] };
}

const fields = {
  key: oneOrMore(text, keysMax),
  fn: { ...oneOrMore({ type: 'string', enum: functionNames }, functionNames.length), description: 'All where absent' },
  eventType: { ...eventType, default: 'telemetry' },
  interval: {
    ...text,
    default: '1h',
    description: 'Such as 30s, 5m, 1h or 7d; intervals begin at multiples of it, UTC',
  },
  from: {
    ...timeText,
    description:
      'Milliseconds since the Unix epoch, or ISO 8601; absent: so that `limit` intervals end with that of `to`',
  },
  to: { ...timeText, description: 'As `from`; absent: now' },
  limit: { ...pageLimit, description: 'Intervals of one page, which is shorter for many devices and keys' },
};

const number = { type: 'number' };
const point = {
  type: 'object',
  properties: { time: epochMs, count: number, min: number, max: number, sum: number, avg: number, last: number },
};
const page = {
  series: array({ type: 'object', properties: { deviceId: entityName, key: text, points: array(point) } }),
  next: { ...epochMs, description: 'The `from` of the next page; absent at the end' },
};
const numbers = {
  type: 'object',
  properties: { from: epochMs, to: epochMs },
  description: 'Where the page has no point: from when to when there are numbers at all, of any of the keys',
};

export const seriesRoutes: readonly Route[] = [
  route<OfDevice>({
    method: 'GET',
    path: '/v1/devices/{id}/series',
    tag,
    summary: 'What the numbers of a device come to, by interval; intervals without one are left out',
    who: 'device',
    schemas: {
      params: deviceIdParams,
      query: object(fields, ['key']),
      responses: { 200: answer('One page of each series, oldest first', { ...page, numbers }) },
    },
    handle: async ({ params: { id }, query }, parts) => {
      known(await parts.store.registry.device(id), id);
      return ok(await points([id], query, parts));
    },
  }),
  route<OfDevices>({
    method: 'GET',
    path: '/v1/series',
    tag,
    summary: 'The same for several devices: those named, or a page of those of a type',
    who: 'admin',
    schemas: {
      query: object({ ...fields, device: oneOrMore(entityName, devicesMax), type: entityName, after: entityName }, [
        'key',
      ]),
      responses: {
        200: answer('One page of each series', {
          ...page,
          numbers,
          after: { ...entityName, description: 'With `type`: goes on with the devices behind; absent at the end' },
        }),
      },
    },
    handle: async ({ query }, parts) => {
      const { device, type, after, ...asked } = query;
      if ((device === undefined) === (type === undefined)) {
        throw new SluiceError('invalid_argument', 'Give either device, once or several times, or type');
      }
      if (device !== undefined) return ok(await points([...new Set([device].flat())], asked, parts));
      const devices = await parts.store.registry.devices({ type, ...(after && { after }), limit: devicesMax });
      const ids = devices.map(({ id }) => id);
      return ok({
        ...(await points(ids, asked, parts)),
        ...(ids.length === devicesMax && { after: ids.at(-1) }),
      });
    },
  }),
  route<OfType>({
    method: 'GET',
    path: '/v1/device-types/{name}/series',
    tag,
    summary:
      'What the numbers of all devices of a type come to together, by interval: one series for each key. It is read device by device, and ends with the connection',
    who: 'admin',
    schemas: {
      params: object({ name: entityName }, ['name']),
      query: object(
        {
          ...fields,
          format: {
            type: 'string',
            enum: ['json', ...textFormats],
            default: 'json',
            description: '`csv` and `ndjson` have a line for each interval, and `next` in the header `sluice-next`',
          },
        },
        ['key'],
      ),
      responses: {
        200: answer('One page of each series, oldest first', {
          devices: { ...integer, description: 'Devices of the type' },
          series: array({ type: 'object', properties: { key: text, points: array(point) } }),
          next: page.next,
        }),
      },
    },
    handle: async ({ params: { name }, query, presence }, parts) => {
      await deviceTypeNamed(parts.store, name);
      const left = new AbortController();
      presence.onLeft(() => left.abort(new SluiceError('unavailable', 'The caller left')));
      const asked = { ...read(query, parts), deviceType: name };
      return seriesAnswer(await parts.store.series.ofType(asked, left.signal), functionsOf(query), query.format);
    },
  }),
];

async function points(deviceIds: readonly string[], query: SeriesFields, parts: RouteParts): Promise<object> {
  const { series, ...more } = await parts.store.series.points({ ...read(query, parts), deviceIds });
  const names = functionsOf(query);
  return { series: series.map(({ points, ...of }) => ({ ...of, points: shownPoints(points, names) })), ...more };
}

function read(
  { key, eventType, interval, from: fromText, to: toText, limit }: SeriesFields,
  { clock }: RouteParts,
): Omit<SeriesQuery, 'deviceIds'> {
  const intervalMs = parseInterval(interval, 'interval');
  const to = toText === undefined ? clock.now() : parseTime(toText, 'to');
  const from = fromText === undefined ? startOfLast(limit, intervalMs, to) : parseTime(fromText, 'from');
  if (from > to) throw new SluiceError('invalid_argument', `Give from before to: met ${from} and ${to}`);
  return { keys: [...new Set([key].flat())], eventType, intervalMs, from, to, limit };
}

function functionsOf({ fn = functionNames }: SeriesFields): readonly FunctionName[] {
  return [fn].flat();
}

/** Where the first of so many whole intervals begins, the last of which has the moment before `to`. */
function startOfLast(intervals: number, intervalMs: number, to: number): number {
  return Math.max(0, (Math.ceil(to / intervalMs) - intervals) * intervalMs);
}
