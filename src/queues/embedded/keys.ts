import { readU48, writeU32, writeU48 } from '../../std/numbers.ts';

/*
 * Keys of the queue tables, as drawn in storage/tables.ts. Every range end is exclusive.
 */
export const sequenceMax = 2 ** 48 - 1;

export function queueKey(queue: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(queue);
  return key;
}

export function queueOfKey(key: Buffer): number {
  return key.readUInt32BE(0);
}

export function messageKey(queue: number, lane: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(11);
  writeU32(key, queue, 0);
  key[4] = lane;
  writeU48(key, sequence, 5);
  return key;
}

/** Keys of one queue for rows that are written: each is good until the next one is made. */
export class RowKeys {
  readonly #message: Buffer;

  constructor(queue: number) {
    this.#message = messageKey(queue, 0, 0);
  }

  message(lane: number, sequence: number): Buffer {
    const key = this.#message;
    key[4] = lane;
    writeU48(key, sequence, 5);
    return key;
  }
}

export function laneOfMessageKey(key: Buffer): number {
  return key[4];
}

export function sequenceOfMessageKey(key: Buffer): number {
  return readU48(key, 5);
}

export function stateKey(queue: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  writeU32(key, queue, 0);
  writeU48(key, sequence, 4);
  return key;
}

export function sequenceOfStateKey(key: Buffer): number {
  return readU48(key, 4);
}

export function scheduleKey(queue: number, availableAt: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(16);
  writeU32(key, queue, 0);
  writeU48(key, availableAt, 4);
  writeU48(key, sequence, 10);
  return key;
}

export function expiryKey(queue: number, expiresAt: number, lane: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(17);
  writeU32(key, queue, 0);
  writeU48(key, expiresAt, 4);
  key[10] = lane;
  writeU48(key, sequence, 11);
  return key;
}

export function placeOfExpiryKey(key: Buffer): { expiresAt: number; lane: number; sequence: number } {
  return { expiresAt: readU48(key, 4), lane: key[10], sequence: readU48(key, 11) };
}

export function availableAtOfScheduleKey(key: Buffer): number {
  return readU48(key, 4);
}

export function sequenceOfScheduleKey(key: Buffer): number {
  return readU48(key, 10);
}

/** `digest` is 16 characters of Latin-1. */
export function digestKey(queue: number, digest: string): Buffer {
  const key = Buffer.allocUnsafe(4 + digest.length);
  writeU32(key, queue, 0);
  key.write(digest, 4, 'latin1');
  return key;
}

/** Where a message is: the value of `last-values`. */
export function writePlace(lane: number, sequence: number): Buffer {
  const place = Buffer.allocUnsafe(7);
  place[0] = lane;
  writeU48(place, sequence, 1);
  return place;
}

export function readPlace(place: Buffer): { lane: number; sequence: number } {
  return { lane: place[0], sequence: readU48(place, 1) };
}

export function deduplicationExpiryKey(queue: number, expiresAt: number, digest: string): Buffer {
  const key = Buffer.allocUnsafe(10 + digest.length);
  writeU32(key, queue, 0);
  writeU48(key, expiresAt, 4);
  key.write(digest, 10, 'latin1');
  return key;
}

/** Behind all that have expired at `now`. */
export function deduplicationExpiryEnd(queue: number, now: number): Buffer {
  return deduplicationExpiryKey(queue, now + 1, '');
}

export function timeOfExpiryKey(key: Buffer): number {
  return readU48(key, 4);
}

export function digestOfExpiryKey(key: Buffer): string {
  return key.toString('latin1', 10);
}
