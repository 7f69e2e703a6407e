import { crc32 } from 'node:zlib';
import { type Death, decodeMessage, encodeMessage, expiresAt, type Message } from '../../message.ts';
import { readU32, readU48, writeU32, writeU48 } from '../../std/numbers.ts';

/*
 * Value of a row in `messages`, all numbers big-endian:
 *
 *   0      1       2      3    4       8            14          20
 *   +------+-------+------+----+-------+------------+-----------+----------+-------------+-------+----------------------+
 *   | ver  | flags | lane | 0  | crc32 | enqueuedAt | expiresAt | key hash | [death len  | death]| record of message.ts |
 *   | u8=2 | u8    | u8   | u8 | u32   | u48 ms     | u48 ms    | u48      | u32         | JSON  | rest                 |
 *   +------+-------+------+----+-------+------------+-----------+----------+-------------+-------+----------------------+
 *
 * flags: bit 0 a death follows, bit 1 expiresAt says all, and the ttl of the queue nothing. expiresAt and key hash are 0 where there is none. The checksum is over the whole record
 * with zeros in its own place. Nothing here names the queue: one record serves all queues of a publish that want the
 * same header, and a queue that wants another takes a copy.
 */
const recordVersion = 2;
const deathFollows = 0x01;
const endWritten = 0x02;
const headerBytes = 26;
const flagsAt = 1;
const laneAt = 2;
const checksumAt = 4;
const enqueuedAtAt = 8;
const expiresAtAt = 14;
const keyHashAt = 20;

/** What one queue makes of a message. */
export interface Placement {
  readonly lane: number;
  /** Epoch milliseconds; 0 where the message does not expire. */
  readonly expiresAt: number;
  /** 48 bits of the hash of its key; 0 where the queue looks at none. */
  readonly keyHash: number;
  /** Whether `expiresAt` says all about its end, and the ttl of the queue nothing. */
  readonly isEndWritten: boolean;
}

/** A message as it arrives: in lane 0, without a key, and it expires when it says so itself. */
export function encodeRecord(message: Message, enqueuedAt: number): Buffer {
  const record = encodeMessage(message, headerBytes);
  for (let at = flagsAt; at < headerBytes; at++) record[at] = 0;
  record[0] = recordVersion;
  writeU48(record, enqueuedAt, enqueuedAtAt);
  if (message.properties?.messageExpiryInterval !== undefined) writeU48(record, ownExpiry(message), expiresAtAt);
  return record;
}

/** The record with that placement: itself where it is its owner's alone or says so already, and else a copy. */
export function placed(record: Buffer, placement: Placement, owned: boolean): Buffer {
  const { lane, expiresAt, keyHash, isEndWritten } = placement;
  const same = laneOf(record) === lane && expiresAtOf(record) === expiresAt && keyHashOf(record) === keyHash;
  if (same && isEndWritten === ((record[flagsAt] & endWritten) !== 0)) return record;
  const own = owned ? record : Buffer.from(record);
  own[laneAt] = lane;
  if (isEndWritten) own[flagsAt] |= endWritten;
  else own[flagsAt] &= ~endWritten;
  writeU48(own, expiresAt, expiresAtAt);
  writeU48(own, keyHash, keyHashAt);
  writeU32(own, 0, checksumAt);
  return own;
}

/** The same message with the story of its death in front, which keeps it from expiring, or as it was without one. */
export function withDeath(record: Buffer, death: Death | undefined, enqueuedAt: number): Buffer {
  const message = record.subarray(messageStart(record));
  const story = death === undefined ? undefined : Buffer.from(JSON.stringify(death));
  const start = headerBytes + (story === undefined ? 0 : 4 + story.length);
  const changed = Buffer.alloc(start + message.length);
  changed[0] = recordVersion;
  writeU48(changed, enqueuedAt, enqueuedAtAt);
  changed.set(message, start);
  if (story === undefined) {
    writeU48(changed, ownExpiry(messageOf(changed)), expiresAtAt);
    return changed;
  }
  changed[flagsAt] = deathFollows;
  changed.writeUInt32BE(story.length, headerBytes);
  changed.set(story, headerBytes + 4);
  return changed;
}

/** Writes the checksum, once: just before the record goes to disk, so that one that never does costs none. */
export function seal(record: Buffer): void {
  if (checksumOf(record) === 0) writeU32(record, crc32(record), checksumAt);
}

/** What is wrong with a record that was read from disk; undefined where it is as it was written. */
export function damageOf(record: Buffer): string | undefined {
  if (record.length < headerBytes) return `The record has ${record.length} bytes, fewer than its header`;
  const expected = checksumOf(record);
  writeU32(record, 0, checksumAt);
  const met = crc32(record);
  writeU32(record, expected, checksumAt);
  if (met !== expected) return `The checksum of the record should be ${hex(expected)} and is ${hex(met)}`;
  return record[0] === recordVersion ? undefined : `The record is of version ${record[0]}, not ${recordVersion}`;
}

export function laneOf(record: Buffer): number {
  return record[laneAt];
}

export function enqueuedAtOf(record: Buffer): number {
  return readU48(record, enqueuedAtAt);
}

/** 0 where it does not expire. A dead letter does not: the place where it is kept to be looked at would throw it away. */
export function expiresAtOf(record: Buffer): number {
  return readU48(record, expiresAtAt);
}

/** Whether the longest wait of its queue does not end it: a dead letter has waited already, others have it in `expiresAt`. */
export function sparedByTtl(record: Buffer): boolean {
  return (record[flagsAt] & (deathFollows | endWritten)) !== 0;
}

export function keyHashOf(record: Buffer): number {
  return readU48(record, keyHashAt);
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

function messageStart(record: Buffer): number {
  return isDead(record) ? headerBytes + 4 + record.readUInt32BE(headerBytes) : headerBytes;
}

/** Whether it is a dead letter. */
export function isDead(record: Buffer): boolean {
  return (record[flagsAt] & deathFollows) !== 0;
}

/** As a header says it: 0 for never. */
function ownExpiry(message: Message): number {
  const at = expiresAt(message);
  return at === Number.POSITIVE_INFINITY ? 0 : at;
}

function checksumOf(record: Buffer): number {
  return readU32(record, checksumAt);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
