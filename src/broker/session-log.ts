import type { ReceiptWaiter } from '../message.ts';
import type { Outgoing } from './outgoing.ts';
import type { Session } from './session.ts';
import type { StoredRow } from './stored-row.ts';

/** Where sessions that outlive their connection outlive the process too. */
export interface SessionLog {
  /** Sessions as they were, without what they owe; when their connection ended stands in `endedAt`. */
  load(now: number): Iterable<Session>;
  /** The session began, or its subscriptions, its will, its expiry or the end of its connection changed. */
  changed(session: Session): void;
  /** The session and all that it owed go. */
  ended(session: Session): void;
  readonly owed: OwedLog;
  readonly received: ReceivedLog;
  /** A receipt for everything stored so far. */
  wait(waiter: ReceiptWaiter, tag: number): void;
  /** Resolves when all changes so far are on disk; rejects with `storage_failed`. */
  flushed(): Promise<void>;
}

/** The messages that kept sessions owe, each under its sequence. */
export interface OwedLog {
  /**
   * Keeps the message until its row is told otherwise. Of a message that is leased from a queue the packet id alone is
   * kept: after a crash the queue gives the message out again, and the client is told that the id is free.
   */
  store(session: Session, outgoing: Outgoing): StoredRow;
  /** What is flushed from this sequence on, in order, and nothing where the session has ended: at most so many messages, and no more once they hold so many bytes. */
  read(session: Session, from: number, messagesMax: number, bytesMax: number): readonly Outgoing[];
  /** Registers the one listener that is told when more of what a session owes was flushed. */
  onFlushed(listener: (session: Session) => void): void;
  /** Registers the one listener that is given what ended sessions owed through shared subscriptions, before it is removed. */
  onLeft(listener: (outgoing: Outgoing) => void): void;
}

/** Packet ids of QoS 2 messages from the clients of kept sessions, between PUBLISH and PUBREL [MQTT-4.3.3-10]. */
export interface ReceivedLog {
  add(session: Session, packetId: number): void;
  remove(session: Session, packetId: number): void;
  /** Those from before the process began. */
  load(session: Session): Iterable<number>;
}
