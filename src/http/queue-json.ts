import type { Engine, QueueInfo, QueueStats, StoredMessage } from '../queues/engine.ts';
import { type QueueOptionRow, queueOptionRows } from '../queues/options.ts';
import { bindingsMax } from '../queues/resolve-options.ts';
import { messageToJson } from './message-json.ts';
import type { JsonSchema } from './route.ts';
import { answer, array, epochMs, object, text } from './schemas.ts';

/** Options of a queue as a caller gives them: any of them, each as its row declares it. */
export const queueOptionsSchema: JsonSchema = object(grouped(queueOptionRows));

const queueFields = { name: text, options: queueOptionsSchema, createdAt: epochMs };
export const queueSchema: JsonSchema = answer('The queue', queueFields);

const stats: Readonly<Record<keyof QueueStats, string>> = {
  ready: 'Wait for a consumer',
  leased: 'In the hands of consumers',
  scheduled: 'Wait for their time',
  bytes: 'Bytes that are not acknowledged',
  consumers: 'Consumers now',
  oldestReadyAgeMs: 'Age of the message that waits longest',
  enqueued: 'Taken in',
  delivered: 'Deliveries',
  redelivered: 'Deliveries that were not the first',
  acknowledged: 'Done',
  released: 'Given back, uncounted',
  failed: 'Deliveries that failed',
  expired: 'Ended by their time',
  deadLettered: 'Put into the dead letters',
  dropped: 'Removed without a trace',
  moved: 'Moved to another queue',
  rejected: 'Publishes that were refused',
  elided: 'Done before they had to be written',
};

export const statsSchema: JsonSchema = answer(
  'Levels now, and totals since the server started',
  Object.fromEntries(Object.entries(stats).map(([name, description]) => [name, { type: 'number', description }])),
);
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

/** Rows with a dot in their name stand together in an object. */
function grouped(rows: readonly QueueOptionRow[]): Record<string, JsonSchema> {
  const plain: Record<string, JsonSchema> = {};
  const groups: Record<string, Record<string, JsonSchema>> = {};
  for (const row of rows) {
    const [group, member] = row.name.split('.');
    if (member === undefined) plain[group] = schemaOf(row);
    else groups[group] = { ...groups[group], [member]: schemaOf(row) };
  }
  return { ...plain, ...Object.fromEntries(Object.entries(groups).map(([name, members]) => [name, object(members)])) };
}

function schemaOf({ kind, min, max, choices, sentence }: QueueOptionRow): JsonSchema {
  const range = { ...(min === undefined ? {} : { minimum: min }), ...(max === undefined ? {} : { maximum: max }) };
  const schemas: Record<QueueOptionRow['kind'], JsonSchema> = {
    integer: { type: 'integer', ...range },
    number: { type: 'number', ...range },
    boolean: { type: 'boolean' },
    choice: { type: 'string', enum: choices ?? [] },
    bindings: array(object({ filter: text }, ['filter']), { maxItems: bindingsMax }),
    queue: { type: 'string', nullable: true, minLength: 1, maxLength: 128 },
  };
  return { ...schemas[kind], description: sentence };
}
