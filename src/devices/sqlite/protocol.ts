import type { ErrorCode } from '../../errors.ts';
import type { OperationName } from './operations.ts';

/** A request to a worker. Those of one turn of the event loop travel as one array, and so do their replies. */
export type Request =
  | { readonly id: number; readonly name: OperationName; readonly args: readonly unknown[] }
  /** Closes the database; nothing may follow. */
  | { readonly id: number; readonly name: 'close' };

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** What the first reply brings. */
export interface Opened {
  /** Why the thread has the priority of the event loop; undefined where it has its own. */
  readonly priorityRefused: string | undefined;
}

/** The id of the reply that says whether the database could be opened. */
export const openedId = 0;
