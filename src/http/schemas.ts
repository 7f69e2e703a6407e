import type { JsonSchema } from './route.ts';

/** Messages or tokens in one request. */
export const batchItemsMax = 1_000;
/** Rows of one answer. */
export const pageRowsMax = 1_000;
const pageRowsDefault = 100;

/** An object that refuses keys that it does not know. */
export function object(properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

/** An answer: `properties` is what it always has. */
export function answer(description: string, properties: Record<string, JsonSchema> = {}): JsonSchema {
  return { type: 'object', description, properties };
}

export function array(items: JsonSchema, limits: Record<string, number> = {}): JsonSchema {
  return { type: 'array', items, ...limits };
}

export const noContent: JsonSchema = { type: 'null', description: 'Done' };

export const text: JsonSchema = { type: 'string', minLength: 1, maxLength: 1_024 };
export const integer: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
export const epochMs: JsonSchema = { ...integer, description: 'Milliseconds since the Unix epoch' };
export const flag: JsonSchema = { type: 'boolean' };
export const anyJson: JsonSchema = { description: 'Any JSON value' };

export const pageLimit: JsonSchema = { type: 'integer', minimum: 1, maximum: pageRowsMax, default: pageRowsDefault };
export const sequences: JsonSchema = array(integer, { minItems: 1, maxItems: 10_000 });
export const tokens: JsonSchema = array(
  { type: 'string', minLength: 1, maxLength: 256 },
  { minItems: 1, maxItems: batchItemsMax },
);

export const properties: JsonSchema = object({
  payloadFormatIndicator: { type: 'integer', enum: [0, 1] },
  messageExpiryInterval: { type: 'integer', minimum: 0, maximum: 0xffff_ffff, description: 'Seconds' },
  contentType: { type: 'string', maxLength: 65_535 },
  responseTopic: { type: 'string', maxLength: 65_535 },
  correlationData: { type: 'string', maxLength: 87_384, description: 'Base64' },
  userProperties: array(
    { type: 'array', items: { type: 'string', maxLength: 65_535 }, minItems: 2, maxItems: 2 },
    { maxItems: 256 },
  ),
});

/** The fields in which messages to a topic and to a queue are alike. */
export const messageFields: Record<string, JsonSchema> = {
  topic: { type: 'string', minLength: 1, maxLength: 65_535 },
  payload: anyJson,
  encoding: { type: 'string', enum: ['utf8', 'base64', 'json'] },
  properties,
};

export const itemResult = {
  type: 'object',
  properties: { ok: flag, outcome: text, code: text, detail: text, retryable: flag },
  required: ['ok'],
} satisfies JsonSchema;

export const itemResults: JsonSchema = answer('One result per item, in the order of the request', {
  results: array(itemResult),
});

export const tokenResults: JsonSchema = answer('One result per token', {
  results: array({ type: 'object', properties: { token: text, ok: flag, code: text }, required: ['token', 'ok'] }),
});

const messageView: Record<string, JsonSchema> = {
  topic: { type: 'string' },
  payload: { type: 'string' },
  encoding: { type: 'string', enum: ['utf8', 'base64'] },
  properties,
};

export const leaseSeconds: JsonSchema = { type: 'integer', minimum: 1, maximum: 12 * 3_600 };

const deathView: JsonSchema = {
  type: 'object',
  description: 'For a dead letter: where it comes from, and why it is here',
};

export const leasedMessage: JsonSchema = {
  type: 'object',
  properties: {
    token: text,
    leaseUntil: epochMs,
    sequence: integer,
    attempt: integer,
    enqueuedAt: epochMs,
    ...messageView,
    death: deathView,
  },
};

export const storedMessagePage: JsonSchema = answer('Messages in the order of their sequence', {
  messages: array({
    type: 'object',
    properties: {
      sequence: integer,
      state: { type: 'string', enum: ['scheduled', 'ready', 'leased'] },
      attempts: integer,
      enqueuedAt: epochMs,
      availableAt: epochMs,
      lastError: { type: 'string' },
      ...messageView,
      death: deathView,
    },
  }),
  next: { ...integer, description: 'The `from` of the next page; absent at the end' },
});

export const problem: JsonSchema = {
  type: 'object',
  description: 'Problem details of RFC 9457',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable name of the problem' },
    retryable: { type: 'boolean', description: 'Whether the same request can succeed later' },
    stage: { type: 'string' },
    messageId: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
};

/** Of a log. */
export const groupName: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$' };
export const queueName: JsonSchema = object({ name: text }, ['name']);
export const deviceIdParams: JsonSchema = object({ id: { type: 'string', minLength: 1, maxLength: 128 } }, ['id']);

/** Ids of devices, device types and drivers. */
export const entityName: JsonSchema = { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,128}$' };
export const eventType: JsonSchema = { type: 'string', pattern: '^[a-z0-9._-]{1,128}$' };

/** By which schema a message was made. */
export const schemaName: JsonSchema = {
  type: 'string',
  pattern: '^([1-9][0-9]{0,8}|urn:sluice:schema:.{1,300})$',
  description:
    'The schema to check by, where it is not to be the current one: a version, or urn:sluice:schema:{device type}:{event type}:{version}',
};

/** A query field that may be given several times. */
export function oneOrMore(item: JsonSchema, maxItems: number): JsonSchema {
  return { anyOf: [item, { ...array(item, { minItems: 1, maxItems }) }] };
}

/** A time in a query; `parseTime` reads it. */
export const timeText: JsonSchema = {
  ...text,
  maxLength: 64,
  description: 'Milliseconds since the Unix epoch, or ISO 8601',
};
