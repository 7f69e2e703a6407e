import { isJsonObject } from '../std/json.ts';
import { timeOf } from './event-time.ts';
import { readNetworkEvent } from './forms/network-events.ts';

/** What a JSON payload may say about its message, for clients that cannot set user properties (MQTT 3.1.1). */
export interface Envelope {
  readonly messageId: string | undefined;
  /** Epoch milliseconds. */
  readonly time: number | undefined;
  readonly seq: number | undefined;
}

/**
 * Reads `messageId`, `ts` or `time` and `seq` of a payload that is a JSON object, or what a network server says of an uplink. Values that are not of their form are no
 * envelope but readings that happen to have such a name, and it is for the driver to judge them.
 */
export function readEnvelope(payload: Buffer): Envelope {
  if (!mayHaveEnvelope(payload)) return noEnvelope;
  const object = parse(payload);
  if (!isJsonObject(object)) return noEnvelope;
  const event = readNetworkEvent(object);
  if (event !== undefined) return event.uplink ?? noEnvelope;
  return {
    messageId: typeof object.messageId === 'string' && isMessageId(object.messageId) ? object.messageId : undefined,
    time: timeOf(object.ts ?? object.time),
    seq: Number.isSafeInteger(object.seq) ? (object.seq as number) : undefined,
  };
}

/** 1 to 64 bytes of UTF-8 without control characters; half a surrogate pair cannot be sent on. */
export function isMessageId(text: string): boolean {
  if (text === '' || !text.isWellFormed() || Buffer.byteLength(text) > messageIdBytesMax) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return !/[\u0000-\u001f\u007f]/.test(text);
}

export const messageIdBytesMax = 64;
/** A longer payload is not searched: it would be parsed on the main thread, beside everybody's messages. */
const envelopeBytesMax = 16 * 1024;
const noEnvelope: Envelope = { messageId: undefined, time: undefined, seq: undefined };
const openBrace = 0x7b;
const quote = 0x22;
const keys = ['"messageId"', '"ts"', '"time"', '"seq"', '"uplink_message"', '"devEUI"'].map((key) => Buffer.from(key));
/** Six searches cost more than one look at each byte, as long as there are so few. */
const shortBytes = 512;

/** Cheap, because it is asked of every message. */
function mayHaveEnvelope(payload: Buffer): boolean {
  if (payload[0] !== openBrace || payload.length > envelopeBytesMax) return false;
  if (payload.length > shortBytes) return keys.some((key) => payload.includes(key));
  for (let at = 1; at < payload.length; at++) {
    if (payload[at] !== quote) continue;
    for (const key of keys) if (isAt(payload, at, key)) return true;
  }
  return false;
}

function isAt(payload: Buffer, at: number, key: Buffer): boolean {
  for (let i = 1; i < key.length; i++) if (payload[at + i] !== key[i]) return false;
  return true;
}

function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    // A binary payload may well begin with this byte.
    return undefined;
  }
}
