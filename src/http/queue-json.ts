import type { LeasedMessage, StoredMessage } from '../queues/engine.ts';
import { bindingHeadersMax, bindingsMax, delaysMax } from '../queues/option-checks.ts';
import { type QueueOptionRow, queueOptionRows } from '../queues/option-rows.ts';
import { queueNumberRows } from '../queues/queue-number-table.ts';
import type { NumberRow, QueueNumbers } from '../queues/queue-numbers.ts';
import { distributionSchema, distributionToJson } from './distribution.ts';
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

const number: JsonSchema = { type: 'number' };
const forms: Readonly<Record<NumberRow<never>['form'], JsonSchema>> = {
  number,
  'number or null': { type: 'number', nullable: true },
  flag: { type: 'boolean' },
  names: array({ type: 'string' }),
  numbers: array(number),
  counts: { type: 'object', additionalProperties: true },
  histogram: distributionSchema,
  groups: array({ type: 'object', additionalProperties: true }),
  causes: array({ type: 'object', additionalProperties: true }),
};

/** An answer of numbers, each as its row describes it. */
export const statsSchema: JsonSchema = answer(
  'Levels now, totals since the server started, and what follows from them',
  Object.fromEntries(
    Object.entries(queueNumberRows).map(([name, { form, help }]) => [name, { ...forms[form], description: help }]),
  ),
);
export const queueWithStatsSchema: JsonSchema = answer('The queue with its numbers', {
  ...queueFields,
  stats: statsSchema,
});

export function statsToJson(numbers: QueueNumbers): object {
  const { timeInQueueMs, processingMs, commitUs } = numbers;
  return {
    ...numbers,
    timeInQueueMs: distributionToJson(timeInQueueMs),
    processingMs: distributionToJson(processingMs),
    commitUs: distributionToJson(commitUs),
  };
}

export function storedToJson(stored: StoredMessage): object {
  const { message, sequence, state, attempts, enqueuedAt, availableAt, lastError, death } = stored;
  return { sequence, state, attempts, enqueuedAt, availableAt, lastError, ...messageToJson(message), death };
}

export function leasedToJson({ token, leaseUntil, delivery }: LeasedMessage): object {
  const { sequence, attempt, enqueuedAt, message, death } = delivery;
  return { token, leaseUntil, sequence, attempt, enqueuedAt, ...messageToJson(message), death };
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
