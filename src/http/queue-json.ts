import type { Engine, QueueInfo, StoredMessage } from '../queues/engine.ts';
import { bindingHeadersMax, bindingsMax, delaysMax } from '../queues/option-checks.ts';
import { type QueueOptionRow, queueOptionRows } from '../queues/option-rows.ts';
import { type QueueStats, queueDropReasons } from '../queues/queue-stats.ts';
import { messageToJson } from './message-json.ts';
import type { JsonSchema } from './route.ts';
import { answer, array, epochMs, object, text } from './schemas.ts';

const headers: JsonSchema = {
  type: 'object',
  description: 'User properties that a message must have: all that are named, or any',
  properties: { match: { type: 'string', enum: ['all', 'any'] } },
  additionalProperties: { type: 'string' },
  maxProperties: bindingHeadersMax + 1,
};

/** Options of a queue as a caller gives them: any of them, each as its row declares it. */
export const queueOptionsSchema: JsonSchema = object(grouped(queueOptionRows));

const queueFields = { name: text, options: queueOptionsSchema, createdAt: epochMs };
export const queueSchema: JsonSchema = answer('The queue', queueFields);

const stats: Readonly<Record<Exclude<keyof QueueStats, 'dropped'>, string>> = {
  ready: 'Wait for a consumer',
  leased: 'In the hands of consumers',
  scheduled: 'Wait for their time',
  bytes: 'Bytes that are not acknowledged',
  consumers: 'Consumers now',
  oldestReadyAgeMs: 'Age of the message that waits longest',
  blocked: 'Publishes that wait for room',
  enqueued: 'Taken in',
  delivered: 'Deliveries',
  redelivered: 'Deliveries that were not the first',
  acknowledged: 'Done',
  released: 'Given back, uncounted',
  failed: 'Deliveries that failed',
  deadLettered: 'Failed or rejected for good, and put into the dead letters',
  expired: 'Ended by their time, wherever they went then',
  moved: 'Moved to another queue',
  rejected: 'Publishes that were refused',
  duplicates: 'Publishes that had been taken in before',
  elided: 'Done before they had to be written',
};

export const statsSchema: JsonSchema = answer('Levels now, and totals since the server started', {
  ...numbers(stats),
  dropped: { ...answer('Removed without a trace, by reason', numbers(queueDropReasons)) },
});
export const queueWithStatsSchema: JsonSchema = answer('The queue with its numbers', {
  ...queueFields,
  stats: statsSchema,
});

export async function withStats(engine: Engine, info: QueueInfo): Promise<QueueInfo & { stats: QueueStats }> {
  return { ...info, stats: await engine.stats(info.name) };
}

export function storedToJson(stored: StoredMessage): object {
  const { message, sequence, state, attempts, enqueuedAt, availableAt, lastError, death } = stored;
  return { sequence, state, attempts, enqueuedAt, availableAt, lastError, ...messageToJson(message), death };
}

function numbers(descriptions: Readonly<Record<string, string>>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [name, { type: 'number', description }]),
  );
}

/** Rows whose names share what is before a dot stand together in an object. */
function grouped(rows: readonly QueueOptionRow[]): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = {};
  for (const [name, members] of Map.groupBy(rows, (row) => row.name.split('.', 1)[0])) {
    const [first] = members;
    const inside = members.map((row) => ({ ...row, name: row.name.slice(name.length + 1) }));
    schemas[name] = first.name === name ? schemaOf(first) : object(grouped(inside));
  }
  return schemas;
}

function schemaOf({ kind, min, max, choices, sentence }: QueueOptionRow): JsonSchema {
  const range = { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) };
  const schemas: Record<QueueOptionRow['kind'], JsonSchema> = {
    integer: { type: 'integer', ...range },
    number: { type: 'number', ...range },
    boolean: { type: 'boolean' },
    choice: { type: 'string', enum: choices ?? [] },
    bindings: array(object({ filter: text, headers }, ['filter']), { maxItems: bindingsMax }),
    queue: { type: 'string', nullable: true, minLength: 1, maxLength: 128 },
    key: { type: 'string', nullable: true, minLength: 1, maxLength: 256 },
    delays: array({ type: 'integer', ...range }, { maxItems: delaysMax }),
    start: text,
  };
  return { ...schemas[kind], description: sentence };
}
