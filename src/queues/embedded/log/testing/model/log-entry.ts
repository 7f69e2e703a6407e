import { keyOf, numberOf } from '../../../testing/model/published.ts';

/** A message of a log of the reference. */
export interface LogEntry {
  readonly sequence: number;
  /** Its payload, which says its keys. */
  readonly id: string;
  /** Of its record. */
  readonly bytes: number;
  /** When it was appended. */
  readonly at: number;
  readonly expiresAt: number;
  /** In which it was appended. */
  readonly transaction: number;
  /** Whether a transaction that has begun has its row. */
  isWritten: boolean;
  /** The transaction that removes its row. */
  goneIn: number | undefined;
}

/** Key expressions that a log may be compacted by, and the key of a message by each. */
export const logKeys: Readonly<Record<string, (id: string) => string | undefined>> = {
  'property:key': keyOf,
  'property:other': otherKeyOf,
};

/** A second key, which has nothing to do with the first. */
export function otherKeyOf(id: string): string | undefined {
  const kind = numberOf(id) % 4;
  return kind < 3 ? `o${kind}` : undefined;
}
