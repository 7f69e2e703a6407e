import type { ReceiptWaiter } from '../message.ts';
import type { BrokerCounters } from './counters.ts';
import type { Publication } from './publication.ts';
import type { Retained } from './retained.ts';
import type { Route, Router } from './router.ts';

/** What every publish comes to, whoever made it: a client, a will, the HTTP API. */
export class Publisher {
  readonly router: Router;
  readonly #retained: Retained;
  readonly #counters: BrokerCounters;

  constructor(router: Router, retained: Retained, counters: BrokerCounters) {
    this.router = router;
    this.#retained = retained;
    this.#counters = counters;
  }

  /** Answers how many receipts will come to `waiter` under `tag`; some may have come already. */
  publish(route: Route, publication: Publication, waiter: ReceiptWaiter, tag: number): number {
    this.#counters.publishesIn++;
    const kept = publication.retain ? this.#retained.update(publication, waiter, tag) : 0;
    return kept + this.router.publish(route, publication, waiter, tag);
  }
}

/** For QoS 0 and wills: nobody waits, and a failure is seen in the counters of whoever failed. */
export const nobodyWaits: ReceiptWaiter = { receipt: () => undefined };
