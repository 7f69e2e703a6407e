import type { ReceiptWaiter } from '../message.ts';
import { TopicTree } from '../mqtt/topics/topic-tree.ts';
import type { BrokerCounters } from './counters.ts';
import type { BrokerLimits } from './limits.ts';
import type { Publication } from './publication.ts';

/** Where retained messages outlive the process. A receipt comes when the change is on disk. */
export interface RetainedLog {
  load(): Iterable<Publication>;
  put(publication: Publication, waiter: ReceiptWaiter, tag: number): void;
  remove(topic: string, waiter: ReceiptWaiter, tag: number): void;
}

/** The newest retained message of each topic [MQTT-3.3.1-5]. */
export class Retained {
  readonly #tree = new TopicTree<Publication>();
  readonly #log: RetainedLog;
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;

  constructor(log: RetainedLog, limits: BrokerLimits, counters: BrokerCounters) {
    this.#log = log;
    this.#limits = limits;
    this.#counters = counters;
  }

  get size(): number {
    return this.#tree.size;
  }

  load(): void {
    for (const publication of this.#log.load()) this.#tree.set(publication.topic, publication);
  }

  /** Whether the topic can be retained; a change of one that is there always can. */
  hasRoomForTopic(topic: string, keeps: boolean): boolean {
    if (!keeps || this.#tree.size < this.#limits.retainedMessagesMax || this.#tree.get(topic) !== undefined)
      return true;
    this.#counters.dropped.retained_full++;
    return false;
  }

  /** Keeps the publication, or forgets the topic where the payload is empty [MQTT-3.3.1-6]. Answers how many receipts will come. */
  update(publication: Publication, waiter: ReceiptWaiter, tag: number): number {
    if (publication.payload.length > 0) {
      this.#tree.set(publication.topic, publication.own());
      this.#log.put(publication, waiter, tag);
      return 1;
    }
    if (!this.#tree.delete(publication.topic)) return 0;
    this.#log.remove(publication.topic, waiter, tag);
    return 1;
  }

  match(filter: string): Iterable<Publication> {
    return this.#tree.match(filter);
  }
}
