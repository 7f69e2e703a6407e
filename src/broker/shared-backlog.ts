import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { Outgoing } from './outgoing.ts';
import type { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';
import type { StoredLine } from './stored-line.ts';

/** Who takes what an absent member was not sent. */
interface Takers {
  /** False where nobody does. */
  handOnUnsent(outgoing: Outgoing): boolean;
}

/**
 * What a kept member that went away was not sent: read from disk a page a batch and given to members that are there. Ends
 * when the client is back, also where it is gone again since, and where a whole page found nobody.
 */
export class SharedBacklog implements ReceiptWaiter {
  readonly #session: Session;
  readonly #log: SessionLog;
  readonly #takers: Takers;
  readonly #line: StoredLine;
  readonly #departure: number;
  #from: number;

  constructor(session: Session, line: StoredLine, log: SessionLog, takers: Takers) {
    this.#session = session;
    this.#log = log;
    this.#takers = takers;
    this.#line = line;
    this.#departure = line.departures;
    this.#from = line.sentThrough + 1;
  }

  /** Everything staged so far can be read now. */
  receipt(_tag: number, failure: SluiceError | undefined): void {
    // What another backlog gives away at this moment can still be read.
    const isOver = this.#session.link !== undefined || this.#line.departures !== this.#departure;
    if (failure !== undefined || isOver) return;
    const page = this.#log.owed.read(this.#session, this.#from, pageMessagesMax, pageBytesMax);
    const last = page.at(-1);
    const shared = page.filter(({ group }) => group !== undefined);
    const left = shared.filter((outgoing) => !this.#takers.handOnUnsent(outgoing));
    if (last === undefined || (shared.length > 0 && left.length === shared.length)) return;
    this.#from = last.sequence + 1;
    this.#log.wait(this, 0);
  }
}

const pageMessagesMax = 256;
const pageBytesMax = 256 * 1024;
