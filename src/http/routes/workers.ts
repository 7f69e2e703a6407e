import { Readable } from 'node:stream';
import { SluiceError } from '../../errors.ts';
import type { WorkerReport } from '../../pipeline/workers/wire.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, batchItemsMax, epochMs, flag, integer, object, text } from '../schemas.ts';
import { requireWorker, workLines } from '../work-lines.ts';

const tag = 'Workers';
const workerName = { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,64}$' };
const driverNames = array({ type: 'string', minLength: 3, maxLength: 256 }, { maxItems: 1_000 });
const shortText = { type: 'string', maxLength: 256 };
const setAside = array(
  object({ id: shortText, version: shortText, deviceTypes: array(shortText, { maxItems: 1_000 }) }, [
    'id',
    'version',
    'deviceTypes',
  ]),
  { maxItems: 1_000 },
);
const session = object({ session: { type: 'string', pattern: '^[0-9a-f-]{36}$' } }, ['session']);

interface Hello {
  readonly body: { readonly name: string; readonly drivers: readonly string[] };
}

interface Results {
  readonly params: { readonly session: string };
  readonly body: { readonly batch: number; readonly from: number; readonly results: readonly unknown[] };
}

interface Report {
  readonly params: { readonly session: string };
  readonly body: WorkerReport;
}

interface Leave {
  readonly params: { readonly session: string };
}

export const workerRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/workers',
    tag,
    summary: 'Worker processes that are at work',
    who: 'admin',
    schemas: {
      responses: {
        200: answer('In the order in which they came', {
          workers: array(
            answer('A worker', {
              id: text,
              owner: text,
              since: epochMs,
              inWork: integer,
              answered: integer,
              lacks: {
                ...array(text),
                description:
                  'What this server wants of a worker that it cannot do, being older: it decodes, and leaves that out',
              },
              setAside: { ...setAside, description: 'Drivers that it gives no messages of these device types for now' },
            }),
          ),
        }),
      },
    },
    handle: (_call, { pipeline }) =>
      ok({
        workers: pipeline.workers.list().map(({ id, owner, since, inWork, answered, lacks, setAside }) => ({
          id,
          owner,
          since,
          inWork,
          answered,
          lacks,
          setAside,
        })),
      }),
  }),
  route<Hello>({
    method: 'POST',
    path: '/v1/workers',
    tag,
    summary: 'Decode messages of the ingest queue; what is not answered goes back when the answer ends',
    who: 'identified',
    schemas: {
      body: object({ name: workerName, drivers: driverNames }, ['name', 'drivers']),
      responses: {
        200: {
          type: 'string',
          description:
            'JSON texts, one a line, for application/x-ndjson: "open" with the session, "batch" with requests to decode, "waiting", "end"',
        },
      },
    },
    handle: async ({ body, caller, presence }, parts) => {
      requireWorker(parts, caller);
      const opened = await parts.pipeline.workers.open({ owner: caller.identity.name, ...body });
      return {
        status: 200,
        // Nobody asks for anything else on a connection whose answer has no end; so it is over with it.
        headers: { 'content-type': 'application/x-ndjson', 'x-accel-buffering': 'no', connection: 'close' },
        body: Readable.from(workLines(parts, opened, caller, presence), { objectMode: false }),
      };
    },
  }),
  route<Results>({
    method: 'POST',
    path: '/v1/workers/{session}/results',
    tag,
    summary: 'Answer messages of a batch; the first answer for a message counts',
    who: 'identified',
    schemas: {
      params: session,
      body: object(
        {
          batch: integer,
          from: { ...integer, description: 'Place of the first result in the batch' },
          results: array({ type: 'object', additionalProperties: true }, { minItems: 1, maxItems: batchItemsMax }),
        },
        ['batch', 'from', 'results'],
      ),
      responses: { 200: answer('Taken', { taken: flag }) },
    },
    handle: ({ params, body, caller }, parts) => {
      requireWorker(parts, caller);
      const { batch, from, results } = body;
      const taken = parts.pipeline.workers.of(params.session, caller.identity.name).take(batch, from, results);
      if (taken) return ok({ taken });
      throw new SluiceError('lease_lost', `Forget batch ${batch}: it was answered, or its messages went back`);
    },
  }),
  route<Report>({
    method: 'POST',
    path: '/v1/workers/{session}/report',
    tag,
    summary: 'Say what the worker can do, before its first results, and which drivers it has set aside',
    who: 'identified',
    schemas: {
      params: session,
      body: object({ abilities: array(shortText, { maxItems: 100 }), setAside }, ['abilities', 'setAside']),
      responses: { 200: answer('Heard') },
    },
    handle: ({ params, body, caller }, parts) => {
      requireWorker(parts, caller);
      parts.pipeline.workers.of(params.session, caller.identity.name).report(body);
      return ok({});
    },
  }),
  route<Leave>({
    method: 'POST',
    path: '/v1/workers/{session}/leave',
    tag,
    summary: 'Take nothing more; answers once every batch of the session is answered',
    who: 'identified',
    schemas: { params: session, responses: { 200: answer('The session has ended') } },
    handle: async ({ params, caller }, parts) => {
      requireWorker(parts, caller);
      await parts.pipeline.workers.of(params.session, caller.identity.name).leave();
      return ok({});
    },
  }),
];
