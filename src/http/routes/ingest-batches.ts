import { notAwaitedProperty, preferHeader } from '../ingest-answer.ts';
import { takeBatch } from '../ingest-batch.ts';
import { ingestItem, readItems } from '../ingest-items.ts';
import { type Answer, type Call, type Route, type RouteParts, route } from '../route.ts';
import { answer, array, batchItemsMax, deviceIdParams, flag, itemResult, text } from '../schemas.ts';

interface Batch {
  readonly params: { readonly id?: string };
  readonly body: Buffer | undefined;
}

const batchResults = answer('What became of each item, in their order', {
  ...notAwaitedProperty,
  results: array({
    ...itemResult,
    properties: { messageId: text, ...itemResult.properties, accepted: flag },
    description:
      'outcome: what became of it. accepted: it is safe and not processed yet. A code and detail: why it is neither',
  }),
});

const batchHeaders = { type: 'object', properties: { prefer: preferHeader } };

const rawBody = {
  'application/json': array(ingestItem, { maxItems: batchItemsMax }),
  'application/x-ndjson': ingestItem,
};

export const ingestBatchRoutes: readonly Route[] = [
  route<Batch>({
    method: 'POST',
    path: '/v1/devices/{id}/batch',
    tag: 'Readings',
    summary: 'Take several messages of a device, and hear of each what became of it',
    who: 'device',
    rawBody,
    schemas: { params: deviceIdParams, headers: batchHeaders, responses: { 200: batchResults } },
    handle: (call, parts) => batch(call, call.params.id ?? 'me', parts),
  }),
  route<Batch>({
    method: 'POST',
    path: '/v1/ingest',
    tag: 'Readings',
    summary: 'Take messages of many devices, and hear of each what became of it',
    who: 'identified',
    rawBody,
    schemas: { headers: batchHeaders, responses: { 200: batchResults } },
    handle: (call, parts) => batch(call, 'me', parts),
  }),
];

function batch(call: Call<Batch>, deviceId: string, parts: RouteParts): Promise<Answer> {
  const { body = Buffer.alloc(0), headers } = call;
  return takeBatch(readItems(body, headers['content-type'], deviceId), call, parts);
}
