import type { Waiting } from './waiting.ts';

/** A message as its rows on disk show it. */
export interface StoredRow {
  readonly lane: number;
  readonly sequence: number;
  readonly record: Buffer;
  readonly waiting: Waiting | undefined;
}
