import { SluiceError } from '../../errors.ts';
import {
  batchType,
  type CloudEvent,
  readBinary,
  readStructured,
  structuredType,
} from '../../pipeline/forms/cloud-events.ts';
import { ingestAnswers, notAwaitedProperty, preferHeader, takeOne } from '../ingest-answer.ts';
import { type BatchItem, requestOf, takeBatch } from '../ingest-batch.ts';
import { jsonItem, jsonItems } from '../ingest-items.ts';
import { type Answer, type Call, type Route, type RouteParts, route } from '../route.ts';
import { answer, anyJson, array, batchItemsMax, deviceIdParams, flag, itemResult, text } from '../schemas.ts';

interface Event {
  readonly params: { readonly id?: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const event = {
  type: 'object',
  properties: {
    specversion: { const: '1.0' },
    id: text,
    source: text,
    type: text,
    subject: text,
    time: text,
    dataschema: {
      ...text,
      description: 'urn:sluice:schema:{device type}:{event type}:{version}: the schema to check by',
    },
    data: anyJson,
  },
  required: ['specversion', 'id', 'source', 'type'],
};

const rawBody = {
  [structuredType]: event,
  [batchType]: array(event, { maxItems: batchItemsMax }),
  '*/*': {
    ...anyJson,
    description: 'Binary mode: the data, with its attributes in headers ce-id, ce-source, ce-type …',
  },
};

const responses = {
  ...ingestAnswers,
  200: answer('Processed; for a batch one result per event, in their order, in `results`', {
    messageId: text,
    outcome: text,
    results: array({ ...itemResult, properties: { messageId: text, ...itemResult.properties, accepted: flag } }),
    ...notAwaitedProperty,
  }),
};

export const cloudEventRoutes: readonly Route[] = [
  route<Event>({
    method: 'POST',
    path: '/v1/devices/{id}/cloud-events',
    tag: 'Readings',
    summary: 'Take CloudEvents of a device: binary, structured or a batch',
    who: 'device',
    rawBody,
    schemas: { params: deviceIdParams, headers: { type: 'object', properties: { prefer: preferHeader } }, responses },
    handle: (call, parts) => take(call, () => call.params.id ?? 'me', parts),
  }),
  route<Event>({
    method: 'POST',
    path: '/v1/cloud-events',
    tag: 'Readings',
    summary: 'Take CloudEvents whose subject is a device: binary, structured or a batch',
    who: 'identified',
    rawBody,
    schemas: { headers: { type: 'object', properties: { prefer: preferHeader } }, responses },
    handle: (call, parts) => take(call, ({ subject }) => subject ?? 'me', parts),
  }),
];

type DeviceOf = (event: CloudEvent) => string;

async function take(call: Call<Event>, deviceOf: DeviceOf, parts: RouteParts): Promise<Answer> {
  const { headers, caller, body = Buffer.alloc(0) } = call;
  const type = headers['content-type']?.split(';')[0].trim().toLowerCase();
  if (type === batchType) {
    const items = jsonItems(body, undefined).map((item) =>
      item instanceof SluiceError ? item : itemOf(readStructured(item), deviceOf),
    );
    return takeBatch(items, call, parts);
  }
  const item = itemOf(type === structuredType ? readStructured(jsonItem(body)) : binary(headers, body), deviceOf);
  if (item instanceof SluiceError) throw item;
  return takeOne(requestOf(item, caller, parts), call, parts);
}

function itemOf(event: CloudEvent | SluiceError, deviceOf: DeviceOf): BatchItem {
  if (event instanceof SluiceError) return event;
  const { subject, ...message } = event;
  return { ...message, deviceId: deviceOf(event) };
}

/** Attributes as headers, their values percent-encoded (CloudEvents HTTP binding, section 3.1.3). */
function binary(headers: Event['headers'], body: Buffer): CloudEvent | SluiceError {
  if (headers['ce-specversion'] === undefined) {
    return new SluiceError(
      'unsupported_format',
      `Send ${structuredType}, ${batchType}, or the attributes of the event as headers: there is no ce-specversion`,
    );
  }
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-')) attributes[name.slice(3)] = decoded(String(value));
  }
  return readBinary(attributes, body, headers['content-type']);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    const met = JSON.stringify(value.slice(0, 60));
    throw new SluiceError('invalid_argument', `Percent-encode the headers of an event: met ${met}`, { cause });
  }
}
