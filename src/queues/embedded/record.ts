import { decodeMessage, encodeMessage, type Message } from '../../message.ts';
import type { Death } from '../engine.ts';

/*
 * Value of a row in `messages`, all numbers big-endian:
 *
 *   0      1       2             8
 *   +------+-------+-------------+-------------+-------+----------------------+
 *   | ver  | flags | enqueuedAt  | [death len  | death]| record of message.ts |
 *   | u8=1 | u8    | u48 ms      | u32         | JSON  | rest                 |
 *   +------+-------+-------------+-------------+-------+----------------------+
 *
 * flags: bit 0 a death follows. Nothing here names the queue, so that one record serves all queues of a publish.
 */
const recordVersion = 1;
const deathFollows = 0x01;
const headerBytes = 8;
/** In the record of message.ts: the second byte's bit for properties. */
const propertiesFollow = 0x08;

/** A message as it arrives, for any number of queues. */
export function encodeRecord(message: Message, enqueuedAt: number): Buffer {
  const record = encodeMessage(message, headerBytes);
  writeHeader(record, 0, enqueuedAt);
  return record;
}

/** The same message with the story of its death in front, or without one. */
export function withDeath(record: Buffer, death: Death | undefined, enqueuedAt: number): Buffer {
  const message = record.subarray(messageStart(record));
  const story = death === undefined ? undefined : Buffer.from(JSON.stringify(death));
  const start = headerBytes + (story === undefined ? 0 : 4 + story.length);
  const changed = Buffer.allocUnsafe(start + message.length);
  writeHeader(changed, story === undefined ? 0 : deathFollows, enqueuedAt);
  if (story !== undefined) {
    changed.writeUInt32BE(story.length, headerBytes);
    changed.set(story, headerBytes + 4);
  }
  changed.set(message, start);
  return changed;
}

export function enqueuedAtOf(record: Buffer): number {
  return record.readUIntBE(2, 6);
}

/** The payload is a view of `record`. */
export function messageOf(record: Buffer): Message {
  return decodeMessage(record, messageStart(record));
}

/**
 * The message as a consumer gets it. A dead letter comes without its expiry, which is over or will be, so that whoever
 * passes it on does not take it for too old.
 */
export function deliveredMessageOf(record: Buffer): Message {
  const message = messageOf(record);
  if (!isDead(record) || message.properties?.messageExpiryInterval === undefined) return message;
  const { messageExpiryInterval, ...properties } = message.properties;
  return { ...message, properties };
}

export function deathOf(record: Buffer): Death | undefined {
  if (!isDead(record)) return undefined;
  return JSON.parse(record.toString('utf8', headerBytes + 4, messageStart(record)));
}

/**
 * Whether the message could expire at all. One without properties cannot, and needs no decoding to know; a dead letter
 * does not, because the place where it is kept for somebody to look at would throw it away.
 */
export function mayExpire(record: Buffer): boolean {
  if (isDead(record)) return false;
  return (record[messageStart(record) + 1] & propertiesFollow) !== 0;
}

function messageStart(record: Buffer): number {
  if (record[0] !== recordVersion) {
    throw new Error(`Cannot read queue record: expected version ${recordVersion}, met ${record[0]}`);
  }
  return isDead(record) ? headerBytes + 4 + record.readUInt32BE(headerBytes) : headerBytes;
}

function isDead(record: Buffer): boolean {
  return (record[1] & deathFollows) !== 0;
}

function writeHeader(record: Buffer, flags: number, enqueuedAt: number): void {
  record[0] = recordVersion;
  record[1] = flags;
  record.writeUIntBE(enqueuedAt, 2, 6);
}
