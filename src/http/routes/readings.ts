import { type HistoryPlace, historyStart } from '../../devices/store.ts';
import { parseTime } from '../header-values.ts';
import { ok, type Route, route } from '../route.ts';
import {
  answer,
  anyJson,
  array,
  deviceIdParams,
  entityName,
  epochMs,
  eventType,
  integer,
  object,
  pageLimit,
  text,
  timeText,
} from '../schemas.ts';
import { known } from './devices.ts';

const tag = 'Readings';

interface Named {
  readonly params: { readonly id: string };
}

interface History extends Named {
  readonly query: {
    readonly eventType?: string;
    readonly from?: string;
    readonly to?: string;
    readonly order: 'newest' | 'oldest';
    readonly before?: number;
    readonly after?: string;
    readonly limit: number;
  };
}

/** Time and id of a row. */
const place = { type: 'string', pattern: '^-?\\d{1,16}_\\d{1,16}$' };

export const historyRow = {
  type: 'object',
  properties: {
    id: integer,
    messageId: text,
    eventType,
    time: epochMs,
    seq: integer,
    receivedAt: epochMs,
    processedAt: epochMs,
    driver: text,
    driverVersion: text,
    outcome: { type: 'string', enum: ['applied', 'stale'] },
    data: { type: 'object' },
    warnings: { ...array(text), description: 'Of its message, at the first row' },
  },
};

const stateEntry = {
  type: 'object',
  properties: { eventType, key: text, value: anyJson, time: epochMs, seq: integer, messageId: text },
};

export const readingRoutes: readonly Route[] = [
  route<Named>({
    method: 'GET',
    path: '/v1/devices/{id}/state',
    tag,
    summary: 'The latest value of everything that a device says',
    who: 'device',
    schemas: {
      params: deviceIdParams,
      responses: { 200: answer('The state', { deviceId: entityName, state: array(stateEntry) }) },
    },
    handle: async ({ params: { id } }, { store }) => {
      known(await store.registry.device(id), id);
      return ok({ deviceId: id, state: await store.readings.state(id) });
    },
  }),
  route<History>({
    method: 'GET',
    path: '/v1/devices/{id}/history',
    tag,
    summary: 'What a device said, newest or oldest first',
    who: 'device',
    schemas: {
      params: deviceIdParams,
      query: object({
        eventType,
        from: timeText,
        to: timeText,
        order: { type: 'string', enum: ['newest', 'oldest'], default: 'newest' },
        before: { ...integer, description: 'Newest first: the `before` of the page before' },
        after: { ...place, description: 'Oldest first: the `after` of the page before' },
        limit: pageLimit,
      }),
      responses: {
        200: answer(
          'One page, which may be shorter than `limit`; `before`, or `after`, goes on, absent where there are no rows',
          { rows: array(historyRow), before: integer, after: place },
        ),
      },
    },
    handle: async ({ params: { id }, query }, { store }) => {
      known(await store.registry.device(id), id);
      const { from, to, order, after, ...others } = query;
      const onwards = order === 'oldest' ? { after: readPlace(after) } : {};
      const rows = await store.readings.history({
        deviceId: id,
        ...others,
        ...onwards,
        ...(from === undefined ? {} : { from: parseTime(from, 'from') }),
        ...(to === undefined ? {} : { to: parseTime(to, 'to') }),
      });
      // A page ends at its bytes too, so that a short one is not always the last.
      const last = rows.at(-1);
      return ok(order === 'oldest' ? { rows, after: last && `${last.time}_${last.id}` } : { rows, before: last?.id });
    },
  }),
];

function readPlace(text: string | undefined): HistoryPlace {
  if (text === undefined) return historyStart;
  const [time, id] = text.split('_').map(Number);
  return { time, id };
}
