import { SluiceError } from '../../errors.ts';
import { closedGroupsMax, groupsMax, otherFingerprint } from '../../queues/causes/cause-book.ts';
import { type DeadLetterGroups, departures } from '../../queues/causes/dead-letter-groups.ts';
import type { BrowsePage, Engine } from '../../queues/engine.ts';
import { compileFilter } from '../../queues/move-filter.ts';
import type { MovePreview, MoveSpec, MoveStatus } from '../../queues/move-spec.ts';
import { browsePage } from '../browse-page.ts';
import { type EditJson, moveFields, moveFromJson, previewFields, previewToJson, statusSchema } from '../move-json.ts';
import { storedToJson } from '../queue-json.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, array, flag, integer, object, pageLimit, sequences, storedMessagePage, text } from '../schemas.ts';
import { begun, moveWaitSecondsMax, startAndWait } from './moves.ts';

const tag = 'Dead letters';

/** Where the pipeline's dead letters are. */
export const ingestDead = 'ingest.dead';
export const queue = { ...text, default: ingestDead };

interface Groups {
  readonly query: { readonly queue: string };
}

interface Recount {
  readonly body: { readonly queue: string };
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
    readonly edit?: EditJson;
    readonly limit?: number;
    readonly rate?: number;
    readonly dryRun: boolean;
    readonly waitSeconds: number;
  };
}

export const rehearsalSchema = {
  type: 'object',
  description: 'What would become of a message if it were processed now',
  properties: {
    sequence: integer,
    deviceId: { type: 'string' },
    messageId: { type: 'string' },
    now: { type: 'string', description: 'The outcome' },
    driver: { type: 'object', properties: { id: text, version: text } },
    readings: array({ type: 'object' }),
    warnings: array(text),
    error: { type: 'object', properties: { code: text, reason: text } },
  },
};

const rehearsalAnswer = answer('A dry run: what would move. Else: nothing is there to move', {
  ...previewFields,
  rehearsal: { ...array(rehearsalSchema), description: `Of ${ingestDead}: what would become of each sample now` },
});

const counts = array(integer);
const epoch = { ...integer, description: 'Epoch milliseconds' };
const causeFields = {
  fingerprint: text,
  code: text,
  stage: text,
  driver: text,
  reason: { ...text, description: 'Of the newest message' },
  firstAt: epoch,
  lastAt: epoch,
  died: { ...integer, description: 'Since the group opened' },
  left: { type: 'object', description: 'How those left that have', properties: departureFields() },
};
const groupSchema = {
  type: 'object',
  properties: {
    ...causeFields,
    count: integer,
    bytes: integer,
    perMinute: { ...counts, description: 'How many died in each of the last 60 minutes, the present one last' },
    perHour: { ...counts, description: 'In each of the last 24 hours' },
    growthPerMinute: { type: 'number', description: 'How many die in a minute, over the last five full ones' },
    deviceTypes: array(text),
    driverVersions: array(text),
    eventTypes: array(text),
    sampleSequence: {
      ...integer,
      description:
        'A message of the group to look at, the newest unless that one has left; absent where none was found among the oldest 100,000',
    },
    closedBeforeAt: { ...integer, description: 'When the group was empty before it came back' },
  },
};

const groupsAnswer = answer('The groups, largest first', {
  queue: text,
  total: { ...integer, description: 'Messages in the queue' },
  withoutDeath: { ...integer, description: 'Of these, published there: they have died of nothing' },
  groups: array(groupSchema),
  other: { ...groupSchema, description: `Causes beyond the first ${groupsMax}, together` },
  closed: {
    ...array({ type: 'object', properties: { ...causeFields, closedAt: epoch } }),
    description: `Groups that have become empty within 7 days, at most ${closedGroupsMax}, the newest first`,
  },
});

const noGroups: DeadLetterGroups = {
  groups: [],
  other: undefined,
  closed: [],
  total: 0,
  withoutDeath: 0,
};
const nothingThere: BrowsePage = { messages: [], next: undefined };
const nothingToMove: MovePreview = { matched: 0, movable: 0, superseded: 0, skipped: [], samples: [] };
const nothingThereToMove = { ...nothingToMove, moved: 0 };

export const deadLetterRoutes: readonly Route[] = [
  route<Groups>({
    method: 'GET',
    path: '/v1/dead-letters',
    tag,
    summary: 'Dead letters by cause: one group per fingerprint, and the groups that have closed',
    who: 'admin',
    schemas: { query: object({ queue }), responses: { 200: groupsAnswer } },
    handle: async ({ query }, { engine }) =>
      ok({
        queue: query.queue,
        ...(await orNone(engine, query.queue, noGroups, () => engine.deadLetterGroups(query.queue))),
      }),
  }),
  route<Recount>({
    method: 'POST',
    path: '/v1/dead-letters/recount',
    tag,
    summary: 'Count the groups anew, from the dead letters themselves: for when `sluice doctor` says that they differ',
    who: 'admin',
    schemas: { body: object({ queue }), responses: { 200: groupsAnswer } },
    handle: async ({ body }, { engine }) =>
      ok({
        queue: body.queue,
        ...(await orNone(engine, body.queue, noGroups, () => engine.deadLetterGroups(body.queue, { recount: true }))),
      }),
  }),
  route<Browse>({
    method: 'GET',
    path: '/v1/dead-letters/messages',
    tag,
    summary:
      'Dead letters, all or of one fingerprint; `other` has those that are counted together, beyond the groups that are kept',
    who: 'admin',
    schemas: {
      query: object({ queue, fingerprint: text, from: { ...integer, default: 0 }, limit: pageLimit }),
      responses: { 200: storedMessagePage },
    },
    handle: async ({ query: { queue, from, limit, ...filter } }, { engine }) => {
      const match = compileFilter(filter, 0);
      const request = { from, limit, ...(match && { match }) };
      const page = await orNone(engine, queue, nothingThere, async () => {
        await counted(engine, queue, filter.fingerprint);
        return browsePage(engine, queue, request);
      });
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
      body: object({
        queue,
        fingerprint: text,
        sequences,
        ...moveFields,
        dryRun: { ...flag, default: false },
        waitSeconds: { type: 'number', minimum: 0, maximum: moveWaitSecondsMax, default: moveWaitSecondsMax },
      }),
      responses: {
        200: rehearsalAnswer,
        202: { ...statusSchema, description: 'The move, ended or not: how far it has come' },
      },
    },
    handle: async ({ body, presence }, parts) => {
      const { queue: from, fingerprint, sequences, edit, limit, rate } = body;
      const filter = { ...(fingerprint === undefined ? {} : { fingerprint }), ...(sequences && { sequences }) };
      const spec = moveFromJson({ from, filter, edit, limit, rate });
      if (body.dryRun) return ok(await rehearse(spec, parts));
      const status = await orNone<MoveStatus | undefined>(parts.engine, from, undefined, () =>
        startAndWait(spec, body.waitSeconds, presence, parts),
      );
      return status === undefined ? ok(nothingThereToMove) : begun(status);
    },
  }),
];

async function rehearse(spec: MoveSpec, { engine, pipeline }: RouteParts): Promise<object> {
  const preview = await orNone(engine, spec.from, nothingToMove, () => engine.previewMove(spec));
  const { samples } = preview;
  if (spec.from !== ingestDead) return previewToJson(preview);
  return { ...previewToJson(preview), rehearsal: samples.length === 0 ? [] : await pipeline.rehearsals.run(samples) };
}

function departureFields() {
  return Object.fromEntries(
    Object.entries(departures).map(([name, description]) => [name, { ...integer, description }]),
  );
}

/** Which messages are counted together is known once all are counted. */
export async function counted(engine: Engine, queue: string, fingerprint: string | undefined): Promise<void> {
  if (fingerprint === otherFingerprint) await engine.deadLetterGroups(queue);
}

/** A dead-letter queue is made by its first dead letter: that it is not there yet is good news, not an error. */
export async function orNone<T>(engine: Engine, queue: string, none: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (problem) {
    const missing = problem instanceof SluiceError && problem.code === 'queue_not_found';
    if (missing && (await engine.list()).some(({ options }) => options.deadLetter === queue)) return none;
    throw problem;
  }
}
