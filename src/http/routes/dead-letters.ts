import { deadLetterGroups } from '../../queues/dead-letters.ts';
import { browsePage } from '../browse-page.ts';
import { messageMatch } from '../message-filter.ts';
import { storedToJson } from '../queue-json.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, array, flag, integer, object, pageLimit, sequences, storedMessagePage, text } from '../schemas.ts';
import { moveAnswer, moveLimit, moveRequest } from './moves.ts';

const tag = 'Dead letters';

/** Where the pipeline's dead letters are. */
const ingestDead = 'ingest.dead';
const queue = { ...text, default: ingestDead };
/** Dead letters that a dry run shows the fate of. */
const rehearsedMax = 20;
const groupsMax = 1_000;

interface Groups {
  readonly query: { readonly queue: string };
}

interface Browse {
  readonly query: {
    readonly queue: string;
    readonly fingerprint?: string;
    readonly from: number;
    readonly limit: number;
  };
}

interface Replay {
  readonly body: {
    readonly queue: string;
    readonly fingerprint?: string;
    readonly sequences?: readonly number[];
    readonly limit?: number;
    readonly dryRun?: boolean;
  };
}

export const deadLetterRoutes: readonly Route[] = [
  route<Groups>({
    method: 'GET',
    path: '/v1/dead-letters',
    tag,
    summary: 'Dead letters by cause: one group per fingerprint',
    who: 'admin',
    schemas: {
      query: object({ queue }),
      responses: {
        200: answer('The groups, largest first', { queue: text, total: integer, groups: array({ type: 'object' }) }),
      },
    },
    handle: async ({ query }, { engine }) =>
      ok({ queue: query.queue, ...(await deadLetterGroups(engine, query.queue, groupsMax)) }),
  }),
  route<Browse>({
    method: 'GET',
    path: '/v1/dead-letters/messages',
    tag,
    summary: 'Dead letters, all or of one fingerprint',
    who: 'admin',
    schemas: {
      query: object({ queue, fingerprint: text, from: { ...integer, default: 0 }, limit: pageLimit }),
      responses: { 200: storedMessagePage },
    },
    handle: async ({ query: { queue, from, limit, ...filter } }, { engine }) => {
      const match = messageMatch(filter);
      const { messages, next } = await browsePage(engine, queue, { from, limit, ...(match && { match }) });
      return ok({ messages: messages.map(storedToJson), next });
    },
  }),
  route<Replay>({
    method: 'POST',
    path: '/v1/dead-letters/replay',
    tag,
    summary: 'Send dead letters back to where they came from; a dry run shows what would become of them',
    who: 'admin',
    schemas: {
      body: object({ queue, fingerprint: text, sequences, limit: moveLimit, dryRun: flag }),
      responses: {
        200: {
          ...moveAnswer,
          description: `What moved; for a dry run on ${ingestDead} also what would become of the first ${rehearsedMax}`,
        },
      },
    },
    handle: async ({ body }, parts) => {
      const { queue: from, fingerprint, ...others } = body;
      const result = await parts.engine.move(
        moveRequest({ ...others, from, filter: fingerprint === undefined ? {} : { fingerprint } }),
      );
      if (body.dryRun !== true || from !== ingestDead) return ok(result);
      return ok({ ...result, rehearsal: await rehearse(body, parts) });
    },
  }),
];

async function rehearse(body: Replay['body'], { engine, pipeline }: RouteParts): Promise<unknown> {
  const match = messageMatch(body);
  const limit = Math.min(rehearsedMax, body.limit ?? rehearsedMax);
  const { messages } = await browsePage(engine, body.queue, { from: 0, limit, ...(match && { match }) });
  return messages.length === 0 ? [] : pipeline.rehearse(messages);
}
