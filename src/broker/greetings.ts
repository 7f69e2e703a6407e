import { congestedBytesMin } from './congestion.ts';
import type { Deliverer } from './delivery.ts';
import type { Publication } from './publication.ts';
import type { SessionLink, Subscription } from './session.ts';

/**
 * The retained messages that new subscriptions of one connection are greeted with: a slice a turn, and no more while the
 * socket has not taken those before, so that a filter that matches a hundred thousand topics holds up nobody else.
 */
export class Greetings {
  readonly #link: SessionLink;
  readonly #deliverer: Deliverer;
  /** By filter: subscribing to it again begins anew. */
  readonly #running = new Map<string, { subscription: Subscription; left: Iterator<Publication> }>();
  #scheduled = false;

  constructor(link: SessionLink, deliverer: Deliverer) {
    this.#link = link;
    this.#deliverer = deliverer;
  }

  start(subscription: Subscription, retained: Iterable<Publication>): void {
    this.#running.set(subscription.filter, { subscription, left: retained[Symbol.iterator]() });
    this.pump();
  }

  /** Goes on where there is room. Called again when the socket has drained. */
  pump(): void {
    if (this.#scheduled || this.#running.size === 0) return;
    for (let budget = sliceMessages; budget > 0; budget--) {
      if (this.#link.transport.bufferedBytes >= congestedBytesMin) return;
      const [first] = this.#running;
      if (first === undefined) return;
      const [filter, { subscription, left }] = first;
      const next = left.next();
      if (next.done === true || subscription.session.subscriptions.get(filter) !== subscription)
        this.#running.delete(filter);
      else this.#deliverer.deliver(subscription, next.value, true, false);
    }
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.pump();
    });
  }

  stop(): void {
    this.#running.clear();
  }
}

const sliceMessages = 1_000;
