import { SluiceError } from '../errors.ts';
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
  #bytes = 0;
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
    for (const publication of this.#log.load()) this.#keep(publication);
  }

  /** Why a message of so many bytes cannot be retained; undefined where it can. */
  refusal(topic: string, bytes: number): SluiceError | undefined {
    const { retainedMessagesMax, retainedBytesMax } = this.#limits;
    const known = this.#tree.get(topic);
    const fits = this.#bytes - (known?.size ?? 0) + bytes <= retainedBytesMax;
    if (fits && (known !== undefined || this.#tree.size < retainedMessagesMax)) return undefined;
    this.#counters.dropped.retained_full++;
    return new SluiceError(
      'quota_exceeded',
      `Cannot retain "${topic}": ${this.#tree.size} messages of ${this.#bytes} bytes are retained; there may be ${retainedMessagesMax} of ${retainedBytesMax} bytes`,
    );
  }

  /** Keeps the publication, or forgets the topic where the payload is empty [MQTT-3.3.1-6]. Answers how many receipts will come. */
  update(publication: Publication, waiter: ReceiptWaiter, tag: number): number {
    if (publication.payload.length > 0) {
      this.#keep(publication.own());
      this.#log.put(publication, waiter, tag);
      return 1;
    }
    this.#bytes -= this.#tree.get(publication.topic)?.size ?? 0;
    if (!this.#tree.delete(publication.topic)) return 0;
    this.#log.remove(publication.topic, waiter, tag);
    return 1;
  }

  #keep(publication: Publication): void {
    this.#bytes += publication.size - (this.#tree.get(publication.topic)?.size ?? 0);
    this.#tree.set(publication.topic, publication);
  }

  match(filter: string): Iterable<Publication> {
    return this.#tree.match(filter);
  }
}
