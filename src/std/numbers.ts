/*
 * Big-endian numbers in rows and keys. Written out, because they are made for every message and Node's own methods check
 * their arguments each time.
 */

export function writeU32(bytes: Buffer, value: number, at: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function readU32(bytes: Buffer, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

export function writeU48(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x100000000);
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  writeU32(bytes, value >>> 0, at + 2);
}

export function readU48(bytes: Buffer, at: number): number {
  return ((bytes[at] << 8) | bytes[at + 1]) * 0x100000000 + readU32(bytes, at + 2);
}
