import type { Engine } from '../../queues/engine.ts';
import { backlogOf } from '../../queues/queue-backlog.ts';
import type { QueueWatch } from '../../queues/queue-watch.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, integer, queueName, text } from '../schemas.ts';

interface Named {
  readonly params: { readonly name: string };
}

/**
 * What a scaler outside asks for. KEDA's `metrics-api` trigger reads one number of a JSON answer by its path:
 * `valueLocation: desiredConsumers` with `targetValue: "1"` makes as many replicas as the queue needs, and none at 0.
 */
export const scalingRoutes: readonly Route[] = [
  route<Named>({
    method: 'GET',
    path: '/v1/queues/{name}/scaling',
    tag: 'Queues',
    summary: 'How many consumers a queue needs, for KEDA and its like',
    who: 'admin',
    schemas: {
      params: queueName,
      responses: {
        200: answer('The number to follow, and what there is', {
          queue: text,
          desiredConsumers: integer,
          consumers: integer,
          backlog: integer,
        }),
      },
    },
    handle: async ({ params: { name } }, { engine, watch }) => ok(await scalingOf(engine, watch, name)),
  }),
];

async function scalingOf(engine: Engine, watch: QueueWatch, queue: string): Promise<object> {
  const { options } = await engine.info(queue);
  const numbers = await watch.numbers(queue);
  const { desiredConsumers, consumers, groups } = numbers;
  return { queue, desiredConsumers, consumers, backlog: backlogOf(options.kind, numbers, groups).deliveries };
}
