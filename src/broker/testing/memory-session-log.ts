import type { ReceiptWaiter } from '../../message.ts';
import type { Outgoing } from '../outgoing.ts';
import type { Session } from '../session.ts';
import type { OwedLog, ReceivedLog, SessionLog } from '../session-log.ts';
import {
  decodeOwed,
  decodeSession,
  encodeOwed,
  encodeSession,
  isOfGroup,
  leasedRow,
  releasedRow,
} from '../session-record.ts';
import type { StoredRow } from '../stored-row.ts';

interface Rows {
  record: Buffer;
  lastSequence: number;
  readonly owed: Map<number, Buffer>;
  readonly received: Set<number>;
}

/** Sessions that are safe as soon as they change, in the form in which they lie on disk. */
export class MemorySessionLog implements SessionLog {
  readonly sessions = new Map<string, Rows>();
  readonly owed: OwedLog = {
    store: (session, outgoing) => this.#store(session, outgoing),
    read: (session, from, messagesMax) => this.#read(session, from, messagesMax),
    onFlushed: () => undefined,
    onLeft: (listener) => {
      this.#onLeft = listener;
    },
  };
  readonly received: ReceivedLog = {
    add: (session, packetId) => void this.#rowsOf(session).received.add(packetId),
    remove: (session, packetId) => void this.#rowsOf(session).received.delete(packetId),
    load: (session) => [...this.#rowsOf(session).received],
  };

  #onLeft: (outgoing: Outgoing) => void = () => undefined;

  *load(now: number): Generator<Session> {
    for (const { record, owed, lastSequence } of this.sessions.values()) {
      const position = { lastSequence, messages: owed.size, shared: 0, bytes: 0 };
      for (const value of owed.values()) {
        position.bytes += decodeOwed(value, noBody).outgoing.publication.size;
        if (isOfGroup(value)) position.shared++;
      }
      yield decodeSession(record, position, now);
    }
  }

  changed(session: Session): void {
    const known = this.sessions.get(session.clientId);
    if (known !== undefined) known.record = encodeSession(session);
    else if (session.stored !== undefined) {
      this.sessions.set(session.clientId, {
        record: encodeSession(session),
        lastSequence: 0,
        owed: new Map(),
        received: new Set(),
      });
    }
  }

  ended(session: Session): void {
    const left = this.sessions.get(session.clientId)?.owed ?? [];
    this.sessions.delete(session.clientId);
    for (const [sequence, value] of left) {
      if (!isOfGroup(value)) continue;
      const { outgoing } = decodeOwed(value, noBody);
      outgoing.dup = sequence <= (session.stored?.sentThrough ?? 0);
      this.#onLeft(outgoing);
    }
  }

  wait(waiter: ReceiptWaiter, tag: number): void {
    waiter.receipt(tag, undefined);
  }

  flushed(): Promise<void> {
    return Promise.resolve();
  }

  #rowsOf(session: Session): Rows {
    const rows = this.sessions.get(session.clientId);
    if (rows === undefined) throw new Error(`Session "${session.clientId}" has no row`);
    return rows;
  }

  #store(session: Session, outgoing: Outgoing): StoredRow {
    const rows = this.#rowsOf(session);
    rows.owed.set(outgoing.sequence, outgoing.delivery === undefined ? encodeOwed(outgoing) : leasedRow);
    rows.lastSequence = outgoing.sequence;
    const line = session.keep();
    line.messages++;
    if (outgoing.group !== undefined) line.shared++;
    line.bytes += outgoing.publication.size;
    line.flushedThrough = outgoing.sequence;
    return this.#row(session, outgoing);
  }

  #read(session: Session, from: number, messagesMax: number): readonly Outgoing[] {
    const { owed } = this.#rowsOf(session);
    const sequences = [...owed.keys()].filter((sequence) => sequence >= from).slice(0, messagesMax);
    return sequences.map((sequence) => {
      const { outgoing } = decodeOwed(owed.get(sequence) as Buffer, noBody);
      outgoing.sequence = sequence;
      outgoing.row = this.#row(session, outgoing);
      return outgoing;
    });
  }

  #row(session: Session, outgoing: Outgoing): StoredRow {
    const { owed } = this.#rowsOf(session);
    return {
      forget: () => {
        if (!owed.delete(outgoing.sequence)) return;
        const line = session.keep();
        line.messages--;
        if (outgoing.group !== undefined && !outgoing.released) line.shared--;
        line.bytes -= outgoing.publication.size;
      },
      release: () => {
        if (outgoing.group !== undefined && owed.has(outgoing.sequence)) session.keep().shared--;
        owed.set(outgoing.sequence, releasedRow);
      },
    };
  }
}

function noBody(body: number): never {
  throw new Error(`Body ${body} is not there: every message has its own here`);
}
