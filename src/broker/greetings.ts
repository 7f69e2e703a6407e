import { congestedBytesMin } from './congestion.ts';
import type { Deliverer } from './delivery.ts';
import type { Publication } from './publication.ts';
import type { Retained } from './retained.ts';
import type { RetainedScan } from './retained-scan.ts';
import type { SessionLink, Subscription } from './session.ts';

/**
 * The retained messages that new subscriptions of one connection are greeted with: a slice a turn, and no more while the
 * client has not taken those before, so that a filter that matches a million topics holds up nobody else and fills no
 * session. Each message is read in the turn in which it is sent: none can overtake a newer one of its topic.
 */
export class Greetings {
  readonly #link: SessionLink;
  readonly #deliverer: Deliverer;
  readonly #retained: Retained;
  /** By filter: subscribing to it again begins anew. */
  readonly #running = new Map<string, Greeting>();
  #scheduled = false;

  constructor(link: SessionLink, deliverer: Deliverer, retained: Retained) {
    this.#link = link;
    this.#deliverer = deliverer;
    this.#retained = retained;
  }

  /** `since`: when the subscription was made, from when on it gets live what is published. */
  start(subscription: Subscription, since: number): void {
    const { filter } = subscription;
    const greeting = { subscription, scan: this.#retained.match(filter, since), readable: false };
    this.#running.set(filter, greeting);
    this.#retained.whenReadable({ receipt: () => this.#begin(greeting) }, 0);
  }

  /** Goes on where there is room. Called again when the client has taken something. */
  pump(): void {
    if (this.#scheduled || this.#running.size === 0) return;
    let left = sliceKeys;
    for (const greeting of this.#running.values()) {
      if (!greeting.readable) continue;
      if (left <= 0) {
        this.#goOnNextTurn();
        return;
      }
      if (!this.#hasRoom(greeting)) return;
      left -= this.#greet(greeting);
      if (!greeting.scan.isDone) left = 0;
    }
    if (left <= 0) this.#goOnNextTurn();
  }

  stop(): void {
    this.#running.clear();
  }

  #begin(greeting: Greeting): void {
    greeting.readable = true;
    this.pump();
  }

  /** One step of one greeting. Answers how many keys it looked at. */
  #greet(greeting: Greeting): number {
    const { subscription, scan } = greeting;
    const isOver = subscription.session.subscriptions.get(subscription.filter) !== subscription;
    const keys = isOver ? 1 : scan.read((publication) => this.#send(greeting, publication));
    if (isOver || scan.isDone) this.#running.delete(subscription.filter);
    return keys;
  }

  #send(greeting: Greeting, publication: Publication): boolean {
    this.#deliverer.deliver(greeting.subscription, publication, true, false);
    return this.#hasRoom(greeting);
  }

  /** What neither the window nor the socket takes would wait in the session; here it waits where it is. */
  #hasRoom({ subscription }: Greeting): boolean {
    const { waiting, stored } = subscription.session;
    const isRead = stored === undefined || (stored.isTakenUp && stored.onDiskAlone === 0);
    return isRead && waiting.size < waitingMax && this.#link.transport.bufferedBytes < congestedBytesMin;
  }

  #goOnNextTurn(): void {
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.pump();
    });
  }
}

interface Greeting {
  readonly subscription: Subscription;
  readonly scan: RetainedScan;
  /** Whether what was retained before it began can be read. */
  readable: boolean;
}

/** So many may wait in the session, so that a client of QoS 2 gets more than one message a flush. */
const waitingMax = 32;
/** Keys that are looked at in one turn, give or take a step; most lead to a message. */
const sliceKeys = 1_000;
