/* Keys of the tables of sessions. Numbers are big-endian, so that they sort. */

export function sessionKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(number);
  return key;
}

export function owedKey(number: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(number);
  key.writeUIntBE(sequence, 4, 6);
  return key;
}

export function receivedKey(number: number, packetId: number): Buffer {
  const key = Buffer.allocUnsafe(6);
  key.writeUInt32BE(number);
  key.writeUInt16BE(packetId, 4);
  return key;
}

export function bodyKey(body: number): Buffer {
  const key = Buffer.allocUnsafe(6);
  key.writeUIntBE(body, 0, 6);
  return key;
}

export function numberOf(key: Buffer): number {
  return key.readUInt32BE(0);
}

export function sequenceOf(key: Buffer): number {
  return key.readUIntBE(4, 6);
}

export function bodyOf(key: Buffer): number {
  return key.readUIntBE(0, 6);
}

/** Behind every key of these tables. */
export const lastKey = Buffer.alloc(10, 0xff);
