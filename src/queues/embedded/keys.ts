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

export function messageKey(queue: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  writeU32(key, queue, 0);
  writeU48(key, sequence, 4);
  return key;
}

export function sequenceOfKey(key: Buffer): number {
  return key.readUIntBE(4, 6);
}

export function scheduleKey(queue: number, availableAt: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(16);
  writeU32(key, queue, 0);
  writeU48(key, availableAt, 4);
  writeU48(key, sequence, 10);
  return key;
}

export function availableAtOfScheduleKey(key: Buffer): number {
  return key.readUIntBE(4, 6);
}

export function sequenceOfScheduleKey(key: Buffer): number {
  return key.readUIntBE(10, 6);
}

// Written out, because a key is made for every stored message and Node's own methods check their arguments each time.
function writeU32(key: Buffer, value: number, at: number): void {
  key[at] = value >>> 24;
  key[at + 1] = value >>> 16;
  key[at + 2] = value >>> 8;
  key[at + 3] = value;
}

function writeU48(key: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x100000000);
  key[at] = high >>> 8;
  key[at + 1] = high;
  writeU32(key, value >>> 0, at + 2);
}
