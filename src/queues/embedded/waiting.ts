import { crc32 } from 'node:zlib';

/**
 * Until when a message waits, and what went wrong with it so far, which may be nothing: a new message can have to wait.
 * Never changed: what comes next is a new object, so that "is what the disk has what memory has" is one comparison.
 */
export interface Waiting {
  /** Deliveries that ended in a failure or a lost lease. */
  readonly attempts: number;
  /** Epoch milliseconds; 0 while nothing has failed. */
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
  /** Epoch milliseconds. */
  readonly availableAt: number;
  /** Code and reason, `code: reason`; empty while nothing has failed. */
  readonly lastError: string;
}

/** Longest reason that is kept, in characters. */
export const reasonCharactersMax = 2_000;

/** For a message that nothing has gone wrong with. */
export function waitingUntil(availableAt: number): Waiting {
  return { attempts: 0, firstFailureAt: 0, lastFailureAt: 0, availableAt, lastError: '' };
}

/*
 * Value of a row in `message-states`, all numbers big-endian; the checksum is over all that follows it:
 *
 *   0       4          8                14              20            26
 *   +-------+----------+----------------+---------------+-------------+-----------+
 *   | crc32 | attempts | firstFailureAt | lastFailureAt | availableAt | lastError |
 *   | u32   | u32      | u48 ms         | u48 ms        | u48 ms      | utf-8     |
 *   +-------+----------+----------------+---------------+-------------+-----------+
 */
const fixedBytes = 26;

export function encodeWaiting(waiting: Waiting): Buffer {
  const error = Buffer.from(waiting.lastError);
  const row = Buffer.allocUnsafe(fixedBytes + error.length);
  row.writeUInt32BE(waiting.attempts, 4);
  row.writeUIntBE(waiting.firstFailureAt, 8, 6);
  row.writeUIntBE(waiting.lastFailureAt, 14, 6);
  row.writeUIntBE(waiting.availableAt, 20, 6);
  row.set(error, fixedBytes);
  row.writeUInt32BE(crc32(row.subarray(4)), 0);
  return row;
}

/** Undefined where the row is damaged. */
export function decodeWaiting(row: Buffer): Waiting | undefined {
  if (row.length < fixedBytes || row.readUInt32BE(0) !== crc32(row.subarray(4))) return undefined;
  return {
    attempts: row.readUInt32BE(4),
    firstFailureAt: row.readUIntBE(8, 6),
    lastFailureAt: row.readUIntBE(14, 6),
    availableAt: row.readUIntBE(20, 6),
    lastError: row.toString('utf8', fixedBytes),
  };
}
