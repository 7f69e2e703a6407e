import type { MoveRequest } from '../../queues/engine.ts';
import type { MessageFilter } from '../../queues/move-spec.ts';
import { messageMatch } from '../message-filter.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, flag, integer, object, sequences, text } from '../schemas.ts';

interface Move {
  readonly body: {
    readonly from: string;
    readonly to?: string;
    readonly sequences?: readonly number[];
    readonly filter?: Omit<MessageFilter, 'sequences'>;
    readonly limit?: number;
    readonly dryRun?: boolean;
  };
}

export const moveLimit = { ...integer, minimum: 1 };
export const moveAnswerFields = {
  matched: integer,
  moved: integer,
  skipped: array({ type: 'object', properties: { sequence: integer, reason: text } }),
};

export const moveRoutes: readonly Route[] = [
  route<Move>({
    method: 'POST',
    path: '/v1/moves',
    tag: 'Queues',
    summary: 'Move messages to another queue; dead letters without `to` go back to where they came from',
    who: 'admin',
    schemas: {
      body: object(
        {
          from: text,
          to: text,
          sequences,
          filter: object({ topic: { type: 'string', maxLength: 65_535 }, code: text, fingerprint: text }),
          limit: moveLimit,
          dryRun: flag,
        },
        ['from'],
      ),
      responses: { 200: answer('What moved, or would have', moveAnswerFields) },
    },
    handle: async ({ body }, { engine }) => ok(await engine.move(moveRequest(body))),
  }),
];

export function moveRequest({ from, to, sequences, filter, limit, dryRun }: Move['body']): MoveRequest {
  const match = messageMatch({ ...filter, ...(sequences === undefined ? {} : { sequences }) });
  return {
    from,
    ...(to === undefined ? {} : { to }),
    ...(match === undefined ? {} : { match }),
    ...(limit === undefined ? {} : { limit }),
    ...(dryRun === undefined ? {} : { dryRun }),
  };
}
