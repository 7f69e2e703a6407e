import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { Outgoing } from './outgoing.ts';
import type { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';

/** Who takes what an absent member was not sent. */
interface Takers {
  /** False where nobody does. */
  handOnUnsent(outgoing: Outgoing): boolean;
}

/**
 * What a kept member that went away was not sent: read from disk a page a batch and given to members that are there. Ends
 * when the client is back, and where a whole page found nobody.
 */
export class SharedBacklog implements ReceiptWaiter {
  readonly #session: Session;
  readonly #log: SessionLog;
  readonly #takers: Takers;
  #from: number;

  constructor(session: Session, log: SessionLog, takers: Takers) {
    this.#session = session;
    this.#log = log;
    this.#takers = takers;
    this.#from = (session.stored?.sentThrough ?? 0) + 1;
  }

  /** Everything staged so far can be read now. */
  receipt(_tag: number, failure: SluiceError | undefined): void {
    if (failure !== undefined || this.#session.link !== undefined) return;
    const page = this.#log.owed.read(this.#session, this.#from, pageMessagesMax, pageBytesMax);
    let taken = 0;
    for (const outgoing of page) if (this.#takers.handOnUnsent(outgoing)) taken++;
    if (taken === 0) return;
    this.#from = (page.at(-1) as Outgoing).sequence + 1;
    this.#log.wait(this, 0);
  }
}

const pageMessagesMax = 256;
const pageBytesMax = 256 * 1024;
