import { readU48, writeU32, writeU48 } from './numbers.ts';

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

export function availableAtOfScheduleKey(key: Buffer): number {
  return readU48(key, 4);
}

export function sequenceOfScheduleKey(key: Buffer): number {
  return readU48(key, 10);
}
