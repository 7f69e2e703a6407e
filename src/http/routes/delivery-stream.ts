import { Readable } from 'node:stream';
import { deliveryEvents } from '../delivery-events.ts';
import { type Route, route } from '../route.ts';
import { groupName, leaseSeconds, object, queueName } from '../schemas.ts';

/** Unsettled messages of one stream. */
const creditMax = 1_000;
const creditDefault = 32;
/** Text that waits for a slow reader; what is leased and not yet text waits too, and no more is leased. */
const bufferedBytesMax = 64 * 1024;

interface Stream {
  readonly params: { readonly name: string };
  readonly query: { readonly credit: number; readonly leaseSeconds?: number; readonly group?: string };
}

export const deliveryStreamRoutes: readonly Route[] = [
  route<Stream>({
    method: 'GET',
    path: '/v1/queues/{name}/deliveries',
    tag: 'Queues',
    summary:
      'Take messages as server-sent events, each to be acknowledged by its token; what is not goes back when the stream ends',
    who: 'consumer',
    schemas: {
      params: queueName,
      query: object({
        credit: {
          type: 'integer',
          minimum: 1,
          maximum: creditMax,
          default: creditDefault,
          description: 'Messages that may be unsettled at once',
        },
        leaseSeconds,
        group: { ...groupName, description: 'Of a log: whose position is shared. It is made where there is none' },
      }),
      responses: {
        200: {
          type: 'string',
          description:
            'Events "message", with what a lease answers of one message as data, and its sequence as id; for text/event-stream',
        },
      },
    },
    handle: async ({ params, query, caller, presence }, parts) => {
      const events = deliveryEvents(parts, { queue: params.name, ...query }, caller, presence);
      return {
        status: 200,
        // Nobody asks for anything else on a connection whose answer has no end; so it is over with it.
        headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no', connection: 'close' },
        body: Readable.from(events, { objectMode: false, highWaterMark: bufferedBytesMax }),
      };
    },
  }),
];
