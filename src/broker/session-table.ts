import type { ReceiptWaiter } from '../message.ts';
import type { Log } from '../std/log.ts';
import type { Environment } from '../storage/environment.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { BatchWriter, StagedWrite } from '../storage/staged-write.ts';
import type { Outgoing } from './outgoing.ts';
import type { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';
import { decodeOwed, decodeSession, encodeOwed, encodeSession } from './session-record.ts';
import type { StoredRow } from './stored-row.ts';

/**
 * Sessions on disk. Table `sessions`: session number u32 → JSON of `session-record.ts`. Table `session-messages`:
 * session number u32, sequence u48 → what the session owes, in order. A message that the client acknowledged before its
 * batch closed is never written.
 */
export class SessionTable implements SessionLog {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #log: Log;
  readonly #rows = new Map<Session, SessionWrite>();
  #nextNumber = 1;

  constructor(environment: Environment, commit: GroupCommit, log: Log) {
    this.#environment = environment;
    this.#commit = commit;
    this.#log = log;
  }

  *load(now: number): Generator<Session> {
    for (const { key, value } of this.#all('sessions', keyOf(0), keyOf(numberMax))) {
      const number = key.readUInt32BE(0);
      const session = decodeSession(value, now);
      const row = new SessionWrite(session, number);
      this.#rows.set(session, row);
      this.#nextNumber = Math.max(this.#nextNumber, number + 1);
      for (const owed of this.#all('session-messages', messageKeyOf(number, 0), keyOf(number + 1))) {
        try {
          this.#restore(session, row, owed.key, owed.value);
        } catch (problem) {
          // It costs its message, not the start of the server, and stays on disk to be looked at.
          this.#log.error('Cannot read message of a session', { client: session.clientId, error: problem });
        }
      }
      yield session;
    }
  }

  changed(session: Session): void {
    let row = this.#rows.get(session);
    if (row === undefined) {
      if (!session.persistent) return;
      row = new SessionWrite(session, this.#nextNumber++);
      this.#rows.set(session, row);
    }
    if (row.staged) return;
    row.staged = true;
    this.#commit.stage(row);
  }

  ended(session: Session): void {
    const row = this.#rows.get(session);
    if (row === undefined) return;
    this.#rows.delete(session);
    row.ended = true;
    this.#commit.remove('sessions', keyOf(row.number));
  }

  store(session: Session, outgoing: Outgoing): StoredRow {
    const row = this.#rows.get(session);
    if (row === undefined) throw new Error(`Session "${session.clientId}" has no row`);
    const message = new MessageWrite(this.#commit, messageKeyOf(row.number, row.nextSequence++), outgoing, false);
    this.#commit.stage(message, outgoing.publication.size);
    return message;
  }

  wait(waiter: ReceiptWaiter, tag: number): void {
    this.#commit.wait(waiter, tag);
  }

  flushed(): Promise<void> {
    return this.#commit.flushed();
  }

  #restore(session: Session, row: SessionWrite, key: Buffer, value: Buffer): void {
    const outgoing = decodeOwed(value);
    outgoing.row = new MessageWrite(this.#commit, key, outgoing, true);
    row.nextSequence = key.readUIntBE(4, 6) + 1;
    session.wait(outgoing);
  }

  *#all(table: 'sessions' | 'session-messages', first: Buffer, end: Buffer): Generator<{ key: Buffer; value: Buffer }> {
    let from = first;
    for (;;) {
      const rows = this.#environment.readRange(table, from, end, pageRows, pageBytesMax);
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined) return;
      from = Buffer.concat([last.key, Buffer.from([0])]);
    }
  }
}

/** Writes the session as it is when the batch closes: many changes in one batch are one row. */
class SessionWrite implements StagedWrite {
  readonly session: Session;
  readonly number: number;
  nextSequence = 1;
  staged = false;
  ended = false;

  constructor(session: Session, number: number) {
    this.session = session;
    this.number = number;
  }

  write(batch: BatchWriter): void {
    this.staged = false;
    if (!this.ended) batch.put('sessions', keyOf(this.number), encodeSession(this.session));
  }
}

class MessageWrite implements StagedWrite, StoredRow {
  readonly #commit: GroupCommit;
  readonly #key: Buffer;
  readonly #outgoing: Outgoing;
  #written: boolean;
  #gone = false;

  constructor(commit: GroupCommit, key: Buffer, outgoing: Outgoing, written: boolean) {
    this.#commit = commit;
    this.#key = key;
    this.#outgoing = outgoing;
    this.#written = written;
  }

  write(batch: BatchWriter): void {
    if (this.#gone) return;
    this.#written = true;
    batch.put('session-messages', this.#key, encodeOwed(this.#outgoing));
  }

  forget(): void {
    if (this.#gone) return;
    this.#gone = true;
    if (this.#written) this.#commit.remove('session-messages', this.#key);
  }
}

function keyOf(number: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(number);
  return key;
}

function messageKeyOf(number: number, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(number);
  key.writeUIntBE(sequence, 4, 6);
  return key;
}

const numberMax = 0xffff_ffff;
const pageRows = 1_000;
const pageBytesMax = 4 * 1024 * 1024;
