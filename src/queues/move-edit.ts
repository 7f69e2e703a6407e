import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import type { Message, MessageProperties, UserProperty } from '../message.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';
import { isJsonObject, type JsonValue } from '../std/json.ts';
import type { MessageEdit } from './move-spec.ts';

/** Makes another message of one, `now`. Throws `payload_unreadable` where a patch finds no JSON. */
export type EditMessage = (message: Message, now: number) => Message;

/** Longest message expiry interval of MQTT 5, in seconds. */
const expirySecondsMax = 0xffff_ffff;

/** The edit as a function. Throws `invalid_topic`. */
export function compileEdit(edit: MessageEdit): EditMessage {
  const { topic, payloadPatch } = edit;
  const problem = topic === undefined ? undefined : topicNameProblem(topic);
  if (problem !== undefined) throw new SluiceError('invalid_topic', problem);
  const replaced = edit.payload === undefined ? undefined : Buffer.from(edit.payload, 'base64');
  return (message, now) => {
    const payload = replaced ?? message.payload;
    return {
      ...message,
      topic: topic ?? message.topic,
      payload: payloadPatch === undefined ? payload : patched(payload, payloadPatch),
      properties: editProperties(message, edit, now),
    };
  };
}

/** Not in TypeScript's library yet: a number that is written as it was read, however many digits it has. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): JsonValue;
  isRawJSON(value: unknown): boolean;
};

/** RFC 7396: members of an object are merged, one that is null goes, everything else takes the place of what was there. */
export function mergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map(isJsonObject(target) && !isRawJSON(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

function patched(payload: Buffer, patch: JsonValue): Buffer {
  try {
    if (isUtf8(payload)) {
      const target: JsonValue = JSON.parse(payload.toString(), asWritten);
      return Buffer.from(JSON.stringify(mergePatch(target, patch)));
    }
  } catch (problem) {
    // A publisher can nest deeper than the stack is, or name so much that no text is long enough.
    if (!(problem instanceof SyntaxError || problem instanceof RangeError)) throw problem;
  }
  throw new SluiceError('payload_unreadable', 'Leave the payload as it is, or replace it: it is no JSON to patch');
}

/** What the patch does not name must not change, and a number of many digits would. */
function asWritten(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && String(value) !== source ? rawJSON(source) : value;
}

function editProperties(message: Message, edit: MessageEdit, now: number): MessageProperties | undefined {
  const { contentType, expirySeconds } = edit;
  const properties: Record<string, unknown> = { ...message.properties };
  if (contentType === null) delete properties.contentType;
  else if (contentType !== undefined) properties.contentType = contentType;
  if (expirySeconds === null) delete properties.messageExpiryInterval;
  else if (expirySeconds !== undefined) properties.messageExpiryInterval = intervalFrom(message, expirySeconds, now);
  const userProperties = editUserProperties(message.properties?.userProperties ?? [], edit);
  if (userProperties.length === 0) delete properties.userProperties;
  else properties.userProperties = userProperties;
  return Object.keys(properties).length === 0 ? undefined : properties;
}

/** The interval counts from when the message was received. */
function intervalFrom({ receivedAt }: Message, seconds: number, now: number): number {
  return Math.min(expirySecondsMax, seconds + Math.max(0, Math.ceil((now - receivedAt) / 1000)));
}

function editUserProperties(before: readonly UserProperty[], edit: MessageEdit): readonly UserProperty[] {
  const { removeUserProperties = [], setUserProperties = [] } = edit;
  const gone = new Set([...removeUserProperties, ...setUserProperties.map(([name]) => name)]);
  return [...before.filter(([name]) => !gone.has(name)), ...setUserProperties];
}
