import { SluiceError } from '../../errors.ts';
import type { IngestRequest } from '../../pipeline/device-message.ts';
import type { AwaitedResult, FinalAnswer } from '../doors/ingest-door.ts';
import { parseTime } from '../header-values.ts';
import { type Preferences, parsePrefer, preferenceApplied, waitSecondsMax } from '../prefer.ts';
import { type Answer, type Call, type Route, type RouteParts, route } from '../route.ts';
import { answer, deviceIdParams, eventType, integer, object, text } from '../schemas.ts';

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
    prefer: {
      type: 'string',
      maxLength: 1_024,
      description: `respond-async: an answer as soon as the message is safe. wait=N: for up to N seconds (at most ${waitSecondsMax}) what became of it, also where the device type is queued. Preference-Applied says what was followed`,
    },
  },
};

const processed = answer('Processed', { messageId: text, outcome: text });
const accepted = answer('Safe, not processed yet; Location says where to look', { messageId: text });

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
      responses: { 200: processed, 202: accepted },
    },
    handle: (call, parts) => ingest(call, eventTypeOf(call.params), parts),
  });
}

async function ingest(call: Call<Ingest>, type: string | undefined, parts: RouteParts): Promise<Answer> {
  const preferences = parsePrefer(call.headers.prefer);
  const { respondAsync, waitSeconds } = preferences;
  const wish = { safeIsEnough: respondAsync, result: waitSeconds !== undefined };
  const answer = await parts.pipeline.ingestion.take(ingestRequest(call, type), wish);
  const { messageId } = answer;
  const headers = preferenceApplied(preferences);
  if (answer.kind === 'processed') return processedAnswer(messageId, answer.outcome, headers);
  const final = await finalAnswer(answer.result, preferences, call, parts);
  if (final?.kind === 'stored') return processedAnswer(messageId, final.outcome, headers);
  if (final?.kind === 'rejected') throw final.error;
  const location = `/v1/devices/${pathPart(call.params.id)}/messages/${pathPart(messageId)}`;
  return { status: 202, body: { messageId }, headers: { ...headers, location } };
}

function processedAnswer(messageId: string, outcome: string, headers: Answer['headers'] = {}): Answer {
  return { status: 200, body: { messageId, outcome }, headers };
}

/** The message is safe whatever happens here: where nobody can wait for it, or it takes too long, that is the answer. */
async function finalAnswer(
  result: AwaitedResult | undefined,
  { waitSeconds = 0 }: Preferences,
  { presence }: Call<Ingest>,
  { longPolls }: RouteParts,
): Promise<FinalAnswer | undefined> {
  if (result === undefined) return undefined;
  if (longPolls.isFull) {
    result.cancel();
    return undefined;
  }
  return longPolls.wait({
    start: () => result.within(waitSeconds * 1_000),
    onLeft: (end) => presence.onLeft(end),
    late: () => result.cancel(),
  });
}

/** Half a surrogate pair becomes U+FFFD: the message is safe, and the answer must not fail over where to find it. */
export function pathPart(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function ingestRequest({ params, headers, body, caller }: Call<Ingest>, type: string | undefined): IngestRequest {
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
    publisher: caller.clientId,
    ...present('eventType', type),
    ...present('contentType', headers['content-type']),
    ...present('messageId', messageId),
    ...present('time', time === undefined ? undefined : parseTime(time, 'Sluice-Time')),
    ...present('seq', headers['sluice-seq']),
    ...present('fPort', headers['sluice-fport']),
    ...present('firmwareVersion', headers['sluice-firmware']),
  };
}

export function present<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: V });
}
