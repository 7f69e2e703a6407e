import type { ReceiptWaiter } from '../message.ts';
import type { Outgoing } from './outgoing.ts';
import type { Session } from './session.ts';
import type { StoredRow } from './stored-row.ts';

/** Where sessions that outlive their connection outlive the process too. */
export interface SessionLog {
  /** Sessions as they were, with what they owe in `waiting` and when their connection ended in `endedAt`. */
  load(now: number): Iterable<Session>;
  /** The session began, or its subscriptions, its expiry or the end of its connection changed. */
  changed(session: Session): void;
  ended(session: Session): void;
  store(session: Session, outgoing: Outgoing): StoredRow;
  /** A receipt for everything stored so far. */
  wait(waiter: ReceiptWaiter, tag: number): void;
  /** Resolves when all changes so far are on disk; rejects with `storage_failed`. */
  flushed(): Promise<void>;
}
