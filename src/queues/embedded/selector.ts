import type { Entry } from './entry.ts';
import type { StoredRow } from './stored-row.ts';

/**
 * Which of the waiting messages goes next. It holds what is ready; what waits for its time is the schedule's, and comes
 * here by `returned`. An entry that comes back is another one than was given out: sequence and record stay.
 */
export interface Selector {
  /** A new message, the newest of its queue: it is kept in memory, or waits on disk alone once its rows are there. */
  arrived(entry: Entry): void;
  /** Takes out the message to deliver now; undefined while there is none that may go. */
  next(): Entry | undefined;
  /** One that was given out, or waited for its time, is ready: back to its place. */
  returned(entry: Entry): void;
  /** One that was given out waits for its time. */
  postponed?(entry: Entry): void;
  /** One that was on disk alone is in memory too, where it was in the line. */
  loaded?(entry: Entry): void;
  /** One that was given out, or waited for its time, is gone for good. */
  departed(entry: Entry): void;
  /** One that is ready in memory was taken away. */
  withdrawn(entry: Entry): void;
  /** One that is on disk alone was taken away, ready or waiting for its time. */
  withdrawnOnDisk(row: StoredRow): void;
  /** Whether one that is out has no use any more, so that it is not tried again. */
  isObsolete?(entry: Entry): boolean;
  /** All that are ready in memory, in no order. */
  inMemory(): Iterable<Entry>;
  /** The one of them that came first. */
  oldest(): Entry | undefined;
}
