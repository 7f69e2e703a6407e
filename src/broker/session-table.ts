import type { Message, ReceiptWaiter } from '../message.ts';
import type { Log } from '../std/log.ts';
import type { Environment, Row } from '../storage/environment.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { Outgoing } from './outgoing.ts';
import { OwedRow } from './owed-row.ts';
import type { Session } from './session.ts';
import { lastKey, numberOf, owedKey, receivedKey, sequenceOf, sessionKey } from './session-keys.ts';
import type { OwedLog, ReceivedLog, SessionLog } from './session-log.ts';
import { decodeEnded, decodeOwed, decodePosition, decodeSession } from './session-record.ts';
import { SessionRows } from './session-rows.ts';
import { SessionSweeper } from './session-sweeper.ts';
import { SharedBodies } from './shared-bodies.ts';
import type { StoredRow } from './stored-row.ts';

/**
 * Sessions on disk, over these tables:
 *
 *   sessions           | session u32 |               → JSON, see session-record.ts; a number while what it owed is removed
 *   session-positions  | session u32 |               → how far its sequences went, how much it owes
 *   session-messages   | session u32 | sequence u48 | → what it owes, in order
 *   session-received   | session u32 | packet id u16 | → nothing: QoS 2 messages of the client that are not released
 *   session-bodies     | body u48 |                  → record of a message that several sessions owe
 *   session-body-counts| body u48 |                  → u32 how many of them
 *
 * A message that the client acknowledged before its batch closed is never written.
 */
export class SessionTable implements SessionLog {
  readonly owed: OwedLog;
  readonly received: ReceivedLog;
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #log: Log;
  readonly #sweeper: SessionSweeper;
  readonly #bodies: SharedBodies;
  readonly #rows = new Map<Session, SessionRows>();
  #onFlushed: (session: Session) => void = () => undefined;
  #onLeft: (outgoing: Outgoing) => void = () => undefined;
  #nextNumber = 1;

  constructor(environment: Environment, commit: GroupCommit, log: Log) {
    this.#environment = environment;
    this.#commit = commit;
    this.#log = log;
    this.#bodies = new SharedBodies(environment, commit);
    this.#sweeper = new SessionSweeper(environment, commit, this.#bodies, (value, sequence, isSent) =>
      this.#left(value, sequence, isSent),
    );
    this.owed = {
      store: (session, outgoing) => this.#store(session, outgoing),
      read: (session, from, messagesMax, bytesMax) => this.#read(session, from, messagesMax, bytesMax),
      onFlushed: (listener) => {
        this.#onFlushed = listener;
      },
      onLeft: (listener) => {
        this.#onLeft = listener;
      },
    };
    this.received = {
      add: (session, packetId) => commit.put('session-received', receivedKey(this.#number(session), packetId), nothing),
      remove: (session, packetId) => commit.remove('session-received', receivedKey(this.#number(session), packetId)),
      load: (session) => this.#loadReceived(session),
    };
  }

  *load(now: number): Generator<Session> {
    let from = sessionKey(0);
    for (let page = this.#page(from); page.length > 0; page = this.#page(from)) {
      for (const { key, value } of page) {
        const session = this.#restore(numberOf(key), value, now);
        if (session !== undefined) yield session;
      }
      from = Buffer.concat([page[page.length - 1].key, nothing]);
    }
  }

  changed(session: Session): void {
    let rows = this.#rows.get(session);
    if (rows === undefined) {
      if (session.stored === undefined) return;
      rows = this.#track(session, this.#nextNumber++);
    }
    rows.change();
  }

  ended(session: Session): void {
    const rows = this.#rows.get(session);
    if (rows === undefined) return;
    this.#rows.delete(session);
    const sentThrough = session.stored?.sentThrough ?? 0;
    rows.end(sentThrough);
    this.#sweeper.sweep(rows.number, sentThrough);
  }

  wait(waiter: ReceiptWaiter, tag: number): void {
    this.#commit.wait(waiter, tag);
  }

  flushed(): Promise<void> {
    return this.#commit.flushed();
  }

  #page(from: Buffer): Row[] {
    return this.#environment.readRange('sessions', from, lastKey, pageRows, pageBytesMax);
  }

  /** A row that cannot be read costs its session, not the start; it stays on disk, with what was owed, to be looked at. */
  #restore(number: number, value: Buffer, now: number): Session | undefined {
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    try {
      return this.#restored(number, value, now);
    } catch (problem) {
      this.#log.error('Cannot read session', { number, error: problem });
      return undefined;
    }
  }

  #restored(number: number, value: Buffer, now: number): Session | undefined {
    const endedThrough = decodeEnded(value);
    if (endedThrough !== undefined) {
      this.#sweeper.sweep(number, endedThrough);
      return undefined;
    }
    const position = decodePosition(this.#environment.get('session-positions', sessionKey(number)));
    const session = decodeSession(value, position, now);
    const rows = this.#track(session, number);
    // Its row says that the client is there: what comes from now on would count as sent after another crash.
    if (session.endedAt === now) rows.change();
    return session;
  }

  #track(session: Session, number: number): SessionRows {
    const rows = new SessionRows(session, number, this.#commit, (flushed) => this.#onFlushed(flushed));
    this.#rows.set(session, rows);
    return rows;
  }

  #number(session: Session): number {
    return this.#rowsOf(session).number;
  }

  #rowsOf(session: Session): SessionRows {
    const rows = this.#rows.get(session);
    if (rows === undefined) throw new Error(`Session "${session.clientId}" has no row`);
    return rows;
  }

  #store(session: Session, outgoing: Outgoing): StoredRow {
    const row = new OwedRow(this.#rowsOf(session), this.#commit, this.#bodies, outgoing);
    row.stage();
    return row;
  }

  #read(session: Session, from: number, messagesMax: number, bytesMax: number): readonly Outgoing[] {
    const rows = this.#rows.get(session);
    if (rows === undefined) return [];
    const end = owedKey(rows.number + 1, 0);
    const read: Outgoing[] = [];
    let next = owedKey(rows.number, from);
    // A page of which nothing can be read must not look like the end.
    while (read.length === 0) {
      const found = this.#environment.readRange('session-messages', next, end, messagesMax, bytesMax);
      if (found.length === 0) break;
      for (const { key, value } of found) read.push(...this.#readOne(rows, sequenceOf(key), value));
      next = Buffer.concat([found[found.length - 1].key, nothing]);
    }
    return read;
  }

  /** A row that cannot be read costs its message, not the session; it stays on disk to be looked at. */
  #readOne(rows: SessionRows, sequence: number, value: Buffer): readonly Outgoing[] {
    try {
      const { outgoing, body } = decodeOwed(value, (number): Message => this.#bodies.read(number));
      outgoing.sequence = sequence;
      outgoing.row = OwedRow.stored(rows, this.#commit, this.#bodies, outgoing, body);
      return [outgoing];
    } catch (problem) {
      this.#log.error('Cannot read message of a session', { client: rows.session.clientId, sequence, error: problem });
      return [];
    }
  }

  #left(value: Buffer, sequence: number, isSent: boolean): void {
    try {
      const { outgoing } = decodeOwed(value, (number): Message => this.#bodies.read(number));
      outgoing.dup = isSent;
      this.#onLeft(outgoing);
    } catch (problem) {
      this.#log.error('Cannot read message of a session that ended', { sequence, error: problem });
    }
  }

  #loadReceived(session: Session): number[] {
    const number = this.#number(session);
    const keys = this.#environment.readKeys(
      'session-received',
      receivedKey(number, 0),
      receivedKey(number + 1, 0),
      0x10000,
    );
    return keys.map((key) => key.readUInt16BE(4));
  }
}

const nothing = Buffer.from([0]);
const pageRows = 1_000;
const pageBytesMax = 4 * 1024 * 1024;
