import type { ReceiptWaiter } from '../message.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { BatchWriter, StagedWrite } from '../storage/staged-write.ts';
import type { Session } from './session.ts';
import { sessionKey } from './session-keys.ts';
import { encodeEnded, encodePosition, encodeSession } from './session-record.ts';

/** The rows of one session: itself, and where it stands. Many changes in one batch are one row of each. */
export class SessionRows implements StagedWrite, ReceiptWaiter {
  readonly session: Session;
  readonly number: number;
  readonly #commit: GroupCommit;
  readonly #onFlushed: (session: Session) => void;
  readonly #position: StagedWrite;
  #isChanged = false;
  #isMoved = false;
  /** Of a session that has ended: up to where it was sent what it owed. */
  #endedThrough: number | undefined;

  constructor(session: Session, number: number, commit: GroupCommit, onFlushed: (session: Session) => void) {
    this.session = session;
    this.number = number;
    this.#commit = commit;
    this.#onFlushed = onFlushed;
    this.#position = { write: (batch) => this.#writePosition(batch) };
  }

  get hasEnded(): boolean {
    return this.#endedThrough !== undefined;
  }

  /** The session itself is to be written. */
  change(): void {
    if (this.#isChanged) return;
    this.#isChanged = true;
    this.#commit.stage(this);
  }

  /** What it owes changed in the batch that is closing. */
  moved(batch: BatchWriter): void {
    if (this.#isMoved || this.hasEnded) return;
    this.#isMoved = true;
    batch.stage(this.#position);
  }

  end(sentThrough: number): void {
    this.#endedThrough = sentThrough;
    this.change();
  }

  write(batch: BatchWriter): void {
    this.#isChanged = false;
    const { session, number } = this;
    const row = this.#endedThrough === undefined ? encodeSession(session) : encodeEnded(this.#endedThrough);
    batch.put('sessions', sessionKey(number), row);
  }

  receipt(sequence: number, failure: unknown): void {
    const line = this.session.stored;
    if (failure !== undefined || this.hasEnded || line === undefined) return;
    line.flushedThrough = Math.max(line.flushedThrough, sequence);
    this.#onFlushed(this.session);
  }

  #writePosition(batch: BatchWriter): void {
    this.#isMoved = false;
    const { stored, lastSequence } = this.session;
    if (stored === undefined || this.hasEnded) return;
    const { messages, shared, bytes } = stored;
    batch.put('session-positions', sessionKey(this.number), encodePosition({ lastSequence, messages, shared, bytes }));
    batch.wait(this, lastSequence);
  }
}
