/**
 * What went wrong with a message so far, and when it is tried again. Never changed: a further failure is a new object,
 * so that "is what the disk has what memory has" is one comparison.
 */
export interface Failure {
  /** Deliveries that ended in a failure or a lost lease. */
  readonly attempts: number;
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
  /** Epoch milliseconds. */
  readonly availableAt: number;
  /** Code and reason, `code: reason`. */
  readonly lastError: string;
}

/** Longest reason that is kept, in characters. */
export const reasonCharactersMax = 2_000;

/*
 * Value of a row in `message-states`, all numbers big-endian:
 *
 *   0          4                10              16            22
 *   +----------+----------------+---------------+-------------+-----------+
 *   | attempts | firstFailureAt | lastFailureAt | availableAt | lastError |
 *   | u32      | u48 ms         | u48 ms        | u48 ms      | utf-8     |
 *   +----------+----------------+---------------+-------------+-----------+
 */
export function encodeFailure(failure: Failure): Buffer {
  const error = Buffer.from(failure.lastError);
  const row = Buffer.allocUnsafe(22 + error.length);
  row.writeUInt32BE(failure.attempts, 0);
  row.writeUIntBE(failure.firstFailureAt, 4, 6);
  row.writeUIntBE(failure.lastFailureAt, 10, 6);
  row.writeUIntBE(failure.availableAt, 16, 6);
  row.set(error, 22);
  return row;
}

export function decodeFailure(row: Buffer): Failure {
  return {
    attempts: row.readUInt32BE(0),
    firstFailureAt: row.readUIntBE(4, 6),
    lastFailureAt: row.readUIntBE(10, 6),
    availableAt: row.readUIntBE(16, 6),
    lastError: row.toString('utf8', 22),
  };
}
