import type { SluiceError } from '../../errors.ts';
import type { DriverSetAside, WorkerReport } from '../../pipeline/workers/wire.ts';

/** What the API needs of the pipeline for worker processes. */
export interface WorkerDoor {
  /** Begins to give the worker what the ingest queue holds. Rejects with `conflict`, `quota_exceeded` or `unavailable`. */
  open(hello: {
    readonly owner: string;
    readonly name: string;
    readonly drivers: readonly string[];
  }): Promise<WorkerSessionDoor>;
  /** Those that are at work, in the order in which they came. */
  list(): readonly WorkerInfo[];
  /** The session that this owner opened. Throws `not_found`. */
  of(session: string, owner: string): WorkerSessionDoor;
}

export interface WorkerInfo {
  /** As consumers of the queue are listed. */
  readonly id: string;
  /** The name under which its caller is known. */
  readonly owner: string;
  /** Epoch milliseconds. */
  readonly since: number;
  /** Messages that are not answered or not stored yet, and those that were. */
  readonly inWork: number;
  readonly answered: number;
  /** What this server wants of a worker that it cannot do. */
  readonly lacks: readonly string[];
  readonly setAside: readonly DriverSetAside[];
}

export interface WorkerSessionDoor {
  readonly session: string;
  /** Why it ended; undefined while it goes on. */
  readonly reason: SluiceError | undefined;
  /** Lines for the worker; undefined where none came in time, and once the session has ended. */
  next(waitMs: number): Promise<string | undefined>;
  /** What the worker says of itself. */
  report(report: WorkerReport): void;
  /** False where the batch is not open (any more). Throws `invalid_argument`, and takes none, where one is no result. */
  take(batch: number, from: number, results: readonly unknown[]): boolean;
  /** Gives the worker nothing more, and resolves once what it has is answered: then the session has ended. */
  leave(): Promise<void>;
  /** Ends it at once: what is not answered goes back to the queue. */
  end(reason: SluiceError): void;
}
