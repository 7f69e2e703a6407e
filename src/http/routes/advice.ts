import { ok, type Route, route } from '../route.ts';
import { answer, array, integer, text } from '../schemas.ts';

const mode = { type: 'string', enum: ['inline', 'queued', 'auto'] };
const rate = { type: 'number', minimum: 0 };

export const adviceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/advice',
    tag: 'Devices',
    summary:
      'Which mode fits each event type of each device type, from what came in the last minute and how long it took',
    who: 'admin',
    schemas: {
      responses: {
        200: answer('One piece for each event type that messages came of, or were processed of, since the start', {
          omitted: { ...integer, description: 'Messages of event types that are too many to be looked at one by one' },
          backlog: { ...integer, description: 'Messages in the ingest queue' },
          advice: array({
            type: 'object',
            properties: {
              deviceType: text,
              eventType: text,
              mode,
              advised: mode,
              because: text,
              change: text,
              perSecond: rate,
              peakPerSecond: rate,
              inlineMsP99: {
                ...integer,
                description: 'Of those that were finished in the last minute, as the next one',
              },
              queuedMsP99: integer,
            },
          }),
        }),
      },
    },
    handle: async (_, { pipeline }) => ok(await pipeline.advisor.advise()),
  }),
];
