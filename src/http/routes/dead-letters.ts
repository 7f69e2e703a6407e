import { SluiceError } from '../../errors.ts';
import { deadLetterGroups } from '../../queues/dead-letters.ts';
import type { BrowsePage, Engine, MoveResult } from '../../queues/engine.ts';
import { browsePage } from '../browse-page.ts';
import { messageMatch } from '../message-filter.ts';
import { storedToJson } from '../queue-json.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, array, flag, integer, object, pageLimit, sequences, storedMessagePage, text } from '../schemas.ts';
import { moveAnswerFields, moveLimit, moveRequest } from './moves.ts';

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

const replayAnswer = answer('What moved, or would have', {
  ...moveAnswerFields,
  rehearsal: array({
    type: 'object',
    description: 'What would become of one message if it were processed now',
    properties: {
      sequence: integer,
      deviceId: { type: 'string' },
      messageId: { type: 'string' },
      now: { type: 'string', description: 'The outcome' },
      driver: { type: 'object', properties: { id: text, version: text } },
      readings: array({ type: 'object' }),
      error: { type: 'object', properties: { code: text, reason: text } },
    },
  }),
});

const nothingThere: BrowsePage = { messages: [], next: undefined };
const nothingMoved: MoveResult = { matched: 0, moved: 0, skipped: [] };

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
      ok({
        queue: query.queue,
        ...(await orNone(engine, query.queue, { groups: [], total: 0, truncated: false }, () =>
          deadLetterGroups(engine, query.queue, groupsMax),
        )),
      }),
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
      const request = { from, limit, ...(match && { match }) };
      const page = await orNone(engine, queue, nothingThere, () => browsePage(engine, queue, request));
      return ok({ messages: page.messages.map(storedToJson), next: page.next });
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
          ...replayAnswer,
          description: `What moved; for a dry run on ${ingestDead} also what would become of the first ${rehearsedMax}`,
        },
      },
    },
    handle: async ({ body }, parts) => {
      const { queue: from, fingerprint, ...others } = body;
      const request = moveRequest({ ...others, from, filter: fingerprint === undefined ? {} : { fingerprint } });
      const { engine } = parts;
      const result = await orNone(engine, from, nothingMoved, () => engine.move(request));
      if (body.dryRun !== true || from !== ingestDead) return ok(result);
      return ok({ ...result, rehearsal: await rehearse(body, parts) });
    },
  }),
];

async function rehearse(body: Replay['body'], { engine, pipeline }: RouteParts): Promise<unknown> {
  const match = messageMatch(body);
  const limit = Math.min(rehearsedMax, body.limit ?? rehearsedMax);
  const request = { from: 0, limit, ...(match && { match }) };
  const { messages } = await orNone(engine, body.queue, nothingThere, () => browsePage(engine, body.queue, request));
  return messages.length === 0 ? [] : pipeline.rehearse(messages);
}

/** A dead-letter queue is made by its first dead letter: that it is not there yet is good news, not an error. */
async function orNone<T>(engine: Engine, queue: string, none: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (problem) {
    const missing = problem instanceof SluiceError && problem.code === 'queue_not_found';
    if (missing && (await engine.list()).some(({ options }) => options.deadLetter === queue)) return none;
    throw problem;
  }
}
