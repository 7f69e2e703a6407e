import { SluiceError } from '../../errors.ts';
import { backlogOf } from '../../queues/queue-backlog.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, flag, groupName, integer, object, queueName, text } from '../schemas.ts';

interface Asked {
  readonly params: { readonly name: string };
  readonly query: { readonly group?: string };
}

/**
 * What a scaler outside asks for. KEDA's `metrics-api` trigger reads one number of a JSON answer by its path:
 * `valueLocation: desiredConsumers` with `targetValue: "1"` makes as many replicas as the queue needs, and none at 0.
 */
export const scalingRoutes: readonly Route[] = [
  route<Asked>({
    method: 'GET',
    path: '/v1/queues/{name}/scaling',
    tag: 'Queues',
    summary: 'How many consumers a queue needs, or one group of a log, for KEDA and its like',
    who: 'consumer',
    schemas: {
      params: queueName,
      query: object({ group: { ...groupName, description: 'Of a log; absent: all of its groups together' } }),
      responses: {
        200: answer('The number to follow, and what there is', {
          queue: text,
          group: text,
          desiredConsumers: integer,
          consumers: integer,
          backlog: integer,
          paused: {
            ...flag,
            description: 'Nothing is delivered, and `desiredConsumers` is what it was when the queue was paused',
          },
        }),
      },
    },
    handle: async ({ params: { name }, query: { group } }, parts) =>
      ok(group === undefined ? await scalingOf(parts, name) : await scalingOfGroup(parts, name, group)),
  }),
];

async function scalingOf({ engine, watch }: RouteParts, queue: string): Promise<object> {
  const { options } = await engine.info(queue);
  const numbers = await watch.numbers(queue);
  const { desiredConsumers, consumers, groups } = numbers;
  const { deliveries: backlog } = backlogOf(options.kind, numbers, groups);
  return { queue, desiredConsumers, consumers, backlog, paused: options.paused };
}

async function scalingOfGroup({ watch }: RouteParts, queue: string, name: string): Promise<object> {
  const { groups, paused } = await watch.numbers(queue);
  const group = groups.find((each) => each.name === name);
  if (group === undefined) {
    throw new SluiceError(
      'not_found',
      `Make group ${JSON.stringify(name)} first, by consuming or seeking: queue ${JSON.stringify(queue)} has none of that name`,
    );
  }
  const { desiredConsumers, consumers, lagMessages } = group;
  return { queue, group: name, desiredConsumers, consumers, backlog: lagMessages, paused };
}
