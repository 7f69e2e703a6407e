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

/** The id of the reply that says whether the database could be opened. */
export const openedId = 0;
