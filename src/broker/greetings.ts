import type { ReceiptWaiter } from '../message.ts';
import { congestedBytesMin } from './congestion.ts';
import type { Deliverer } from './delivery.ts';
import type { Publication } from './publication.ts';
import type { RetainedScan } from './retained-scan.ts';
import type { Greeting, Session, SessionLink, Subscription } from './session.ts';

/** Where messages are that new subscriptions are greeted with: retained ones, or those that the server makes. */
export interface GreetingSource {
  claims(filter: string): boolean;
  /** Tells the waiter when `match` finds everything from before; in this turn where it does already. */
  whenReadable(filter: string, waiter: ReceiptWaiter, tag: number): void;
  /** What greets a subscription that has the place `since` in the order of what is retained: what came later reached it live. */
  match(filter: string, since: number): RetainedScan;
}

/**
 * The retained messages that new subscriptions are greeted with: a slice a turn, and no more while the client has not taken
 * those before, so that a filter that matches a million topics holds up nobody else and fills no session. Each message is
 * read in the turn in which it is sent: none can overtake a newer one of its topic. A kept session goes on where its last
 * connection ended.
 */
export class Greetings {
  readonly #link: SessionLink;
  readonly #deliverer: Deliverer;
  readonly #sources: readonly GreetingSource[];
  #scheduled = false;

  constructor(link: SessionLink, deliverer: Deliverer, sources: readonly GreetingSource[]) {
    this.#link = link;
    this.#deliverer = deliverer;
    this.#sources = sources;
  }

  /** `since`: the place of the subscription in the order of what is retained; what came later it got live. */
  start(subscription: Subscription, since: number): void {
    const { filter, session } = subscription;
    const source = this.#sources.find((candidate) => candidate.claims(filter));
    // UNSUBSCRIBE may have come while the subscription went to the disk.
    if (source === undefined || !session.subscriptions.has(filter)) return;
    const greeting: Greeting = { filter, scan: undefined };
    session.greetings ??= new Map();
    session.greetings.set(filter, greeting);
    const receipt = (): void => {
      greeting.scan = source.match(filter, since);
      session.link?.caughtUp();
    };
    source.whenReadable(filter, { receipt }, 0);
  }

  /** Goes on where there is room. Called again when the client has taken something. */
  pump(session: Session): void {
    if (session.greetings === undefined || this.#scheduled || session.link !== this.#link) return;
    let left = sliceKeys;
    for (const { filter, scan } of session.greetings.values()) {
      if (scan === undefined) continue;
      if (left <= 0) break;
      if (!this.#hasRoom(session)) return;
      left -= this.#greet(session, session.greetings, filter, scan);
      if (!scan.isDone && scan.waitsFor === undefined) left = 0;
    }
    if (session.greetings.size === 0) session.greetings = undefined;
    if (left <= 0) this.#goOnNextTurn(session);
  }

  /** One step of one greeting. Answers how many keys it looked at. */
  #greet(session: Session, greetings: Map<string, Greeting>, filter: string, scan: RetainedScan): number {
    // As it is now: the client may have changed its options meanwhile.
    const subscription = session.subscriptions.get(filter);
    const keys = subscription === undefined ? 1 : scan.read(({ publication }) => this.#send(subscription, publication));
    if (subscription === undefined || scan.isDone) greetings.delete(filter);
    else if (scan.waitsFor !== undefined) this.#rest(session, greetings, filter, scan.waitsFor);
    return keys;
  }

  /** Until what the scan waits for is there. The client may have another connection by then. */
  #rest(session: Session, greetings: Map<string, Greeting>, filter: string, waitsFor: Promise<void>): void {
    const greeting = greetings.get(filter);
    if (greeting === undefined) return;
    const { scan } = greeting;
    greeting.scan = undefined;
    void waitsFor.then(() => {
      greeting.scan = scan;
      session.link?.caughtUp();
    });
  }

  #send(subscription: Subscription, publication: Publication): boolean {
    this.#deliverer.deliver(subscription, publication, true, false);
    return this.#hasRoom(subscription.session);
  }

  /** What neither the window nor the socket takes would wait in the session; here it waits where it is. */
  #hasRoom({ waiting, stored }: Session): boolean {
    const isRead = stored === undefined || (stored.isTakenUp && stored.onDiskAlone === 0);
    return isRead && waiting.size < waitingMax && this.#link.transport.bufferedBytes < congestedBytesMin;
  }

  #goOnNextTurn(session: Session): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.pump(session);
    });
  }
}

/** So many may wait in the session, so that a client of QoS 2 gets more than one message a flush. */
const waitingMax = 32;
/** Keys that are looked at in one turn, give or take a step; most lead to a message. */
const sliceKeys = 250;
