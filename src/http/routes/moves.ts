import type { MoveSpec, MoveStatus } from '../../queues/move-spec.ts';
import {
  copyFields,
  filterSchema,
  type MoveJson,
  moveFields,
  moveFromJson,
  previewFields,
  previewToJson,
  statusListSchema,
  statusSchema,
} from '../move-json.ts';
import type { Presence } from '../presence.ts';
import { type Answer, ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, flag, object, text } from '../schemas.ts';

const tag = 'Queues';

/** Longest wait for the end of a move: proxies and clients commonly give up after 30 seconds. */
export const moveWaitSecondsMax = 20;
const waitSeconds = { type: 'number', minimum: 0, maximum: moveWaitSecondsMax, default: 0 };

interface Start {
  readonly body: MoveJson & { readonly dryRun: boolean; readonly waitSeconds: number };
}

interface Identified {
  readonly params: { readonly move: string };
}

interface Show extends Identified {
  readonly query: { readonly waitSeconds: number };
}

const identified = object({ move: text }, ['move']);

export const moveRoutes: readonly Route[] = [
  route<Start>({
    method: 'POST',
    path: '/v1/moves',
    tag,
    summary:
      'Move messages to another queue, or copy those of a log; dead letters without `to` go back to where they came from',
    who: 'admin',
    schemas: {
      body: object(
        {
          from: text,
          to: text,
          ...copyFields,
          filter: filterSchema,
          ...moveFields,
          dryRun: { ...flag, default: false },
          waitSeconds,
        },
        ['from'],
      ),
      responses: {
        200: answer('A dry run: what would move', previewFields),
        202: { ...statusSchema, description: 'It has begun, and goes on whatever becomes of the caller' },
      },
    },
    handle: async ({ body, presence }, parts) => {
      const { dryRun, waitSeconds, ...given } = body;
      const spec = moveFromJson(given);
      if (dryRun) return ok(previewToJson(await parts.engine.previewMove(spec)));
      return begun(await startAndWait(spec, waitSeconds, presence, parts));
    },
  }),
  route({
    method: 'GET',
    path: '/v1/moves',
    tag,
    summary: 'Every move that runs, and the last that ended',
    who: 'admin',
    schemas: { responses: { 200: statusListSchema } },
    handle: async (_call, { engine }) => ok({ moves: await engine.moves() }),
  }),
  route<Show>({
    method: 'GET',
    path: '/v1/moves/{move}',
    tag,
    summary: 'How far a move has come; waits for its end where that is asked for',
    who: 'admin',
    schemas: { params: identified, query: object({ waitSeconds }), responses: { 200: statusSchema } },
    handle: async ({ params, query, presence }, parts) =>
      ok(await endWithin(await parts.engine.moveStatus(params.move), query.waitSeconds, presence, parts)),
  }),
  route<Identified>({
    method: 'DELETE',
    path: '/v1/moves/{move}',
    tag,
    summary: 'Cancel a move: what moved stays moved, what was copied stays copied, and the rest stays where it is',
    who: 'admin',
    schemas: { params: identified, responses: { 200: statusSchema } },
    handle: async ({ params }, { engine }) => ok(await engine.cancelMove(params.move)),
  }),
  route<Identified>({
    method: 'POST',
    path: '/v1/moves/{move}/resume',
    tag,
    summary: 'Go on with a move that was cancelled or failed, from where it was',
    who: 'admin',
    schemas: { params: identified, responses: { 200: statusSchema } },
    handle: async ({ params }, { engine }) => ok(await engine.resumeMove(params.move)),
  }),
];

/** Begins a move and waits for its end, so that a small one is done with its answer. */
export async function startAndWait(
  spec: MoveSpec,
  waitSeconds: number,
  presence: Presence,
  parts: RouteParts,
): Promise<MoveStatus> {
  return endWithin(await parts.engine.startMove(spec), waitSeconds, presence, parts);
}

export function begun(status: MoveStatus): Answer {
  return { status: 202, body: status, headers: { location: `/v1/moves/${status.id}` } };
}

/** How it stands at its end, or where the wait ends before: by its time, because the caller left, or the server stops. */
async function endWithin(
  status: MoveStatus,
  waitSeconds: number,
  presence: Presence,
  { engine, longPolls, log }: RouteParts,
): Promise<MoveStatus> {
  // Where too many wait already, the move is not refused for that: it has begun.
  if (waitSeconds === 0 || status.endedAt !== undefined || longPolls.isFull) return status;
  const ended = await longPolls.wait({
    start: () => engine.moveStatus(status.id, waitSeconds * 1_000),
    onLeft: (end) => presence.onLeft(end),
    late: (pending) => void pending.catch((problem) => log.debug('A wait for a move ended late', { problem })),
  });
  return ended ?? status;
}
