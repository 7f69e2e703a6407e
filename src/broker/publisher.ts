import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import type { BrokerCounters } from './counters.ts';
import type { Publication } from './publication.ts';
import type { Retained } from './retained.ts';
import type { Route, Router } from './router.ts';
import { isServerTopic, serverTopicRefusal } from './server-topics.ts';

/** Whether storage takes anything. */
export interface StorageDoor {
  /** Why it takes nothing new at the moment. */
  readonly refusal: SluiceError | undefined;
}

/** What every publish comes to, whoever made it: a client, a will, the HTTP API. */
export class Publisher {
  readonly router: Router;
  readonly #retained: Retained;
  readonly #counters: BrokerCounters;
  readonly #storage: StorageDoor;

  constructor(router: Router, retained: Retained, counters: BrokerCounters, storage: StorageDoor) {
    this.router = router;
    this.#retained = retained;
    this.#counters = counters;
    this.#storage = storage;
  }

  /** Answers how many receipts will come to `waiter` under `tag`; some may have come already. */
  publish(route: Route, publication: Publication, waiter: ReceiptWaiter, tag: number): number {
    this.#counters.publishesIn++;
    this.#counters.payloadBytesIn += publication.payloadBytes;
    const receipts = this.router.publish(route, publication, waiter, tag);
    if (!publication.retain || (receipts > 0 && waiter.failed?.(tag) === true)) return receipts;
    return receipts + this.#retained.update(publication, waiter, tag);
  }

  /** Why nothing is taken that may have to be stored: QoS 1 and 2, and what is to be retained. */
  get storageRefusal(): SluiceError | undefined {
    return this.#storage.refusal;
  }

  /** Why nobody may publish to this topic, whatever their rights; undefined where they may. */
  refusal(topic: string, retainedBytes: number): SluiceError | undefined {
    if (isServerTopic(topic)) return serverTopicRefusal(topic);
    return retainedBytes > 0 ? this.#retained.refusal(topic, retainedBytes) : undefined;
  }
}

/** For what the server says itself, and what concerns nobody who could fail: nobody waits. */
export const nobodyWaits: ReceiptWaiter = { receipt: () => undefined };
