import { ok, type Route, route } from '../route.ts';
import { answer, array, epochMs, integer, pageRowsMax, queueName, text } from '../schemas.ts';

const consumer = {
  type: 'object',
  properties: {
    id: text,
    kind: {
      type: 'string',
      enum: ['push', 'pull'],
      description: 'Whether messages are pushed to it or it leases them',
    },
    group: { ...text, description: 'Of a log' },
    limit: { ...integer, description: 'Messages that it may hold now, `lost` ones among them' },
    inflight: { ...integer, description: 'Messages that it holds' },
    lost: {
      ...integer,
      description: 'Messages whose lease it lost without answering: each takes a place until it answers or leaves',
    },
    since: epochMs,
    settledAt: { ...epochMs, description: 'When it last settled a message; absent before its first' },
  },
};

export const consumerRoutes: readonly Route[] = [
  route<{ readonly params: { readonly name: string } }>({
    method: 'GET',
    path: '/v1/queues/{name}/consumers',
    tag: 'Queues',
    summary: 'Who consumes a queue',
    who: 'admin',
    schemas: {
      params: queueName,
      responses: {
        200: answer('The consumers', {
          consumers: array(consumer, { maxItems: pageRowsMax }),
          omitted: { ...integer, description: `Beyond the first ${pageRowsMax}` },
        }),
      },
    },
    handle: async ({ params }, { engine }) => {
      const consumers = await engine.consumers(params.name);
      return ok({
        consumers: consumers.slice(0, pageRowsMax),
        omitted: Math.max(0, consumers.length - pageRowsMax),
      });
    },
  }),
];
