import { groupStartForms } from '../queues/group-start.ts';
import { filterSequencesMax, filterTestsMax } from '../queues/move-filter.ts';
import type { MessageEdit, MovePreview, MoveSpec } from '../queues/move-spec.ts';
import type { JsonValue } from '../std/json.ts';
import { messageToJson, type PayloadEncoding, payloadFromJson } from './message-json.ts';
import { checkProperties } from './property-limits.ts';
import type { JsonSchema } from './route.ts';
import { answer, anyJson, array, epochMs, flag, integer, messageFields, object, properties, text } from './schemas.ts';

/** Fastest rate of a move, in messages per second: faster is no rate at all. */
const moveRateMax = 1_000_000;

/** `MessageEdit` with the payload as messages have it. */
export interface EditJson extends Omit<MessageEdit, 'payload'> {
  readonly payload?: JsonValue;
  readonly encoding?: PayloadEncoding;
}

/** `MoveSpec` as a caller gives it. */
export interface MoveJson extends Omit<MoveSpec, 'edit'> {
  readonly edit?: EditJson;
}

const skipped = array({ type: 'object', properties: { sequence: integer, reason: text } });
const nullable = (schema: JsonSchema): JsonSchema => ({ ...schema, nullable: true });
const userProperties = (properties as { properties: Record<string, JsonSchema> }).properties.userProperties;

export const filterSchema: JsonSchema = object({
  sequences: array(integer, { minItems: 1, maxItems: filterSequencesMax }),
  fromSequence: integer,
  toSequence: integer,
  topic: { type: 'string', maxLength: 65_535, description: 'An MQTT topic filter' },
  code: { ...text, description: 'The code under which it was dead-lettered' },
  fingerprint: { ...text, description: 'The group of dead letters' },
  minAgeMs: { ...integer, description: 'How long it had been in the queue when the move began, at least' },
  maxAgeMs: integer,
  headers: {
    type: 'object',
    description: 'User properties that it has, with these values',
    additionalProperties: { type: 'string' },
    maxProperties: filterTestsMax,
  },
  payload: {
    type: 'object',
    description: 'Values that its JSON payload has, by path: {"$.state.on": true}',
    additionalProperties: anyJson,
    maxProperties: filterTestsMax,
  },
});

export const editSchema: JsonSchema = object({
  topic: messageFields.topic,
  payload: anyJson,
  encoding: messageFields.encoding,
  payloadPatch: { description: 'Merged into the JSON payload (RFC 7396)' },
  contentType: nullable({ type: 'string', maxLength: 65_535 }),
  removeUserProperties: array({ type: 'string', maxLength: 65_535 }, { maxItems: 256 }),
  setUserProperties: userProperties,
  expirySeconds: nullable({
    type: 'integer',
    minimum: 0,
    maximum: 0xffff_ffff,
    description: "From the move on; null takes the message's own expiry away",
  }),
});

export const moveFields: Record<string, JsonSchema> = {
  edit: editSchema,
  limit: { ...integer, minimum: 1, description: 'Messages at most' },
  rate: { type: 'number', exclusiveMinimum: 0, maximum: moveRateMax, description: 'Messages per second at most' },
};

/** What a move is told, and a replay of dead letters is not. */
export const copyFields: Record<string, JsonSchema> = {
  copy: {
    ...flag,
    default: false,
    description:
      'The messages stay where they are as well: must be said of a log, which keeps what it has, and of nothing else',
  },
  start: {
    ...text,
    description: `Of a log, the first message that is meant: ${groupStartForms}; without it the oldest`,
  },
  end: {
    ...text,
    description: `Of a log, the first message that is not meant any more, as \`start\` says it; without it all are meant that are there now`,
  },
};

const statusFields: Record<string, JsonSchema> = {
  id: text,
  spec: { type: 'object', description: 'What was asked for; a new payload in base64' },
  state: { type: 'string', enum: ['running', 'waiting', 'done', 'cancelled', 'failed'] },
  startedAt: epochMs,
  endedAt: epochMs,
  scanned: { ...integer, description: 'Messages that were looked at' },
  total: {
    ...integer,
    description: 'Messages that were there at the start; what leaves by retention before its turn is not looked at',
  },
  matched: integer,
  moved: { ...integer, description: 'Messages that are in the other queue instead' },
  copied: { ...integer, description: 'Messages that are in the other queue, and still in the log' },
  superseded: { ...integer, description: 'Stayed because a last-value queue has a newer value of their key' },
  skipped,
  reason: { ...text, description: 'Why it waits, or failed' },
};

export const statusSchema: JsonSchema = answer('How far the move has come', statusFields);
export const statusListSchema: JsonSchema = answer('Those that run, and the last that ended, newest first', {
  moves: array({ type: 'object', properties: statusFields }),
});

export const previewFields: Record<string, JsonSchema> = {
  matched: integer,
  movable: { ...integer, description: 'Those of them that can go' },
  superseded: { ...integer, description: 'A last-value queue has a newer value of their key' },
  skipped,
  samples: array({
    type: 'object',
    description: 'The first that can go, as they would arrive',
    properties: { sequence: integer, to: text, topic: text, payload: { type: 'string' }, properties },
  }),
};

export function moveFromJson({ from, to, copy, start, end, filter, edit, limit, rate }: MoveJson): MoveSpec {
  return {
    from,
    ...(copy === true ? { copy } : {}),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(to === undefined ? {} : { to }),
    ...(filter === undefined ? {} : { filter }),
    ...(edit === undefined ? {} : { edit: editFromJson(edit) }),
    ...(limit === undefined ? {} : { limit }),
    ...(rate === undefined ? {} : { rate }),
  };
}

export function previewToJson({ matched, movable, superseded, skipped, samples }: MovePreview): object {
  const shown = samples.map(({ sequence, to, message }) => ({ sequence, to, ...messageToJson(message) }));
  return { matched, movable, superseded, skipped, samples: shown };
}

function editFromJson({ payload, encoding, ...others }: EditJson): MessageEdit {
  const { contentType, setUserProperties } = others;
  checkProperties({
    ...(typeof contentType === 'string' ? { contentType } : {}),
    ...(setUserProperties === undefined ? {} : { userProperties: setUserProperties }),
  });
  if (payload === undefined) return others;
  return { ...others, payload: payloadFromJson(payload, encoding).toString('base64') };
}
