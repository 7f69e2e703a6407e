import { SluiceError } from '../../errors.ts';
import type { IngestRequest } from '../../pipeline/device-message.ts';
import { parseTime } from '../header-values.ts';
import { ingestAnswers, preferHeader, takeOne } from '../ingest-answer.ts';
import { requestOf } from '../ingest-batch.ts';
import { type Call, type Route, route } from '../route.ts';
import { deviceIdParams, eventType, integer, object, schemaName, text } from '../schemas.ts';

const tag = 'Readings';

/** Bytes of a device's own message id. */
const messageIdBytesMax = 64;

interface Ingest {
  readonly params: { readonly id: string; readonly type?: string };
  readonly headers: {
    readonly 'sluice-message-id'?: string;
    readonly 'sluice-time'?: string;
    readonly 'sluice-seq'?: number;
    readonly 'sluice-fport'?: number;
    readonly 'sluice-firmware'?: string;
    readonly 'sluice-schema'?: string;
    readonly prefer?: string;
  };
  readonly body: Buffer | undefined;
}

const ingestHeaders = {
  type: 'object',
  properties: {
    'sluice-message-id': {
      ...text,
      maxLength: messageIdBytesMax,
      description: 'The device’s own id: a second message with it changes nothing',
    },
    'sluice-time': { ...text, maxLength: 64, description: 'When it happened: epoch milliseconds or ISO 8601' },
    'sluice-seq': { ...integer, description: 'The device’s own counter' },
    'sluice-fport': { type: 'integer', minimum: 0, maximum: 255 },
    'sluice-firmware': { ...text, maxLength: 128, description: 'The firmware that sent it' },
    'sluice-schema': schemaName,
    prefer: preferHeader,
  },
};

export const ingestRoutes: readonly Route[] = [
  ingestRoute('/v1/devices/{id}/telemetry', 'Take telemetry of a device', () => 'telemetry'),
  ingestRoute('/v1/devices/{id}/events/{type}', 'Take an event of a device', ({ type }) => type),
  ingestRoute('/v1/devices/{id}/messages', 'Take a message of a device, of the default event type', () => undefined),
];

function ingestRoute(
  path: string,
  summary: string,
  eventTypeOf: (params: Ingest['params']) => string | undefined,
): Route {
  const withType = path.includes('{type}');
  return route<Ingest>({
    method: 'POST',
    path,
    tag,
    summary,
    who: 'device',
    rawBody: true,
    schemas: {
      params: withType ? object({ id: text, type: eventType }, ['id', 'type']) : deviceIdParams,
      headers: ingestHeaders,
      responses: ingestAnswers,
    },
    handle: async (call, parts) =>
      takeOne(requestOf(ingestRequest(call, eventTypeOf(call.params)), call.caller, parts), call, parts),
  });
}

function ingestRequest(
  { params, headers, body }: Call<Ingest>,
  type: string | undefined,
): Omit<IngestRequest, 'publisher'> {
  const messageId = headers['sluice-message-id'];
  if (messageId !== undefined && Buffer.byteLength(messageId) > messageIdBytesMax) {
    throw new SluiceError(
      'invalid_argument',
      `Give a message id of at most ${messageIdBytesMax} bytes: this one has ${Buffer.byteLength(messageId)}`,
    );
  }
  const time = headers['sluice-time'];
  return {
    deviceId: params.id,
    payload: body ?? Buffer.alloc(0),
    ...present('eventType', type),
    ...present('contentType', headers['content-type']),
    ...present('messageId', messageId),
    ...present('time', time === undefined ? undefined : parseTime(time, 'Sluice-Time')),
    ...present('seq', headers['sluice-seq']),
    ...present('fPort', headers['sluice-fport']),
    ...present('firmwareVersion', headers['sluice-firmware']),
    ...present('schema', headers['sluice-schema']),
  };
}

function present<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}
