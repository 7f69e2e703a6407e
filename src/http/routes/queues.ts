import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../errors.ts';
import type { Engine, QueueInfo } from '../../queues/engine.ts';
import type { GivenQueueOptions, QueueOptions } from '../../queues/options.ts';
import { resolveOptions } from '../../queues/resolve-options.ts';
import { queueOptionsSchema, queueSchema, queueWithStatsSchema, statsSchema, statsToJson } from '../queue-json.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, integer, noContent, object, queueName, text } from '../schemas.ts';

const tag = 'Queues';

interface Named {
  readonly params: { readonly name: string };
}

interface Declaration {
  readonly body: { readonly name: string; readonly options?: GivenQueueOptions };
}

interface Change extends Named {
  readonly body: { readonly options: GivenQueueOptions };
}

export const queueRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/queues',
    tag,
    summary: 'Every queue with its numbers',
    who: 'admin',
    schemas: { responses: { 200: answer('The queues', { queues: array(queueWithStatsSchema) }) } },
    handle: async (_, { watch }) => {
      const { queues } = await watch.first(Number.POSITIVE_INFINITY);
      return ok({ queues: queues.map(({ numbers, ...info }) => ({ ...info, stats: statsToJson(numbers) })) });
    },
  }),
  route<Declaration>({
    method: 'POST',
    path: '/v1/queues',
    tag,
    summary: 'Make a queue; one that is there already must agree with the options given',
    who: 'admin',
    schemas: {
      body: object({ name: { ...text, maxLength: 128 }, options: queueOptionsSchema }, ['name']),
      responses: { 200: { ...queueSchema, description: 'It was there' }, 201: queueSchema },
    },
    handle: async ({ body: { name, options = {} } }, { engine }) => {
      const existing = await infoIfThere(engine, name);
      if (existing === undefined) return { status: 201, body: await engine.declare(name, options) };
      refuseDifference(existing, options);
      return ok(existing);
    },
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/queues/{name}',
    tag,
    summary: 'One queue with its numbers',
    who: 'admin',
    schemas: { params: queueName, responses: { 200: queueWithStatsSchema } },
    handle: async ({ params: { name } }, { engine, watch }) =>
      ok({ ...(await engine.info(name)), stats: statsToJson(await watch.numbers(name)) }),
  }),
  route<Change>({
    method: 'PATCH',
    path: '/v1/queues/{name}',
    tag,
    summary: 'Change options; those not given stay as they are',
    who: 'admin',
    schemas: {
      params: queueName,
      body: object({ options: queueOptionsSchema }, ['options']),
      responses: { 200: queueSchema },
    },
    handle: async ({ params, body }, { engine }) => ok(await change(engine, params.name, body.options)),
  }),
  route<Named>({
    method: 'DELETE',
    path: '/v1/queues/{name}',
    tag,
    summary: 'Remove a queue with its messages',
    who: 'admin',
    schemas: { params: queueName, responses: { 204: noContent } },
    handle: async ({ params }, { engine }) => {
      await engine.remove(params.name);
      return { status: 204 };
    },
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/queues/{name}/stats',
    tag,
    summary: 'The numbers of one queue',
    who: 'admin',
    schemas: { params: queueName, responses: { 200: statsSchema } },
    handle: async ({ params }, { watch }) => ok(statsToJson(await watch.numbers(params.name))),
  }),
  route<Named>({
    method: 'POST',
    path: '/v1/queues/{name}/purge',
    tag,
    summary: 'Remove every message that is not leased',
    who: 'admin',
    schemas: { params: queueName, responses: { 200: answer('How many', { purged: integer }) } },
    handle: async ({ params }, { engine }) => ok({ purged: await engine.purge(params.name) }),
  }),
  route<Named>({
    method: 'POST',
    path: '/v1/queues/{name}/pause',
    tag,
    summary: 'Stop deliveries; messages still come in',
    who: 'admin',
    schemas: { params: queueName, responses: { 200: queueSchema } },
    handle: async ({ params }, { engine }) => ok(await change(engine, params.name, { paused: true })),
  }),
  route<Named>({
    method: 'POST',
    path: '/v1/queues/{name}/resume',
    tag,
    summary: 'Deliver again',
    who: 'admin',
    schemas: { params: queueName, responses: { 200: queueSchema } },
    handle: async ({ params }, { engine }) => ok(await change(engine, params.name, { paused: false })),
  }),
];

/** `declare` would make a queue that is not there; a change must not. */
async function change(engine: Engine, name: string, patch: GivenQueueOptions): Promise<QueueInfo> {
  await engine.info(name);
  return engine.declare(name, patch);
}

async function infoIfThere(engine: Engine, name: string): Promise<QueueInfo | undefined> {
  try {
    return await engine.info(name);
  } catch (problem) {
    if (problem instanceof SluiceError && problem.code === 'queue_not_found') return undefined;
    throw problem;
  }
}

function refuseDifference({ name, options }: QueueInfo, given: GivenQueueOptions): void {
  const wanted = resolveOptions(name, given, options);
  for (const key of Object.keys(wanted) as (keyof QueueOptions)[]) {
    if (isDeepStrictEqual(wanted[key], options[key])) continue;
    const there = JSON.stringify(options[key]);
    throw new SluiceError('conflict', `Change queue "${name}" with PATCH: it is there already, with ${key} ${there}`);
  }
}
