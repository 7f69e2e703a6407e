import type { SluiceError } from '../../errors.ts';
import type { Consumer, Consumption, Credit } from '../../message.ts';
import type { Entry } from './entry.ts';
import { Pace } from './pace.ts';
import { release, type SettlingQueue } from './settlement.ts';
import { Slot, type Taker } from './slot.ts';

/** A queue with its consumers. */
export interface ConsumedQueue extends SettlingQueue {
  readonly consumptions: Set<PushConsumption>;
}

/** One consumer that messages are pushed to. */
export class PushConsumption implements Consumption, Taker<Entry> {
  readonly #queue: ConsumedQueue;
  readonly #consumer: Consumer;
  readonly slot: Slot<Entry>;
  readonly #pace: Pace;
  #credit: number;
  #stopped = false;

  /** Nothing is delivered in this turn, so that the caller has the consumption before the first delivery. */
  constructor(queue: ConsumedQueue, consumer: Consumer, { credit, creditBytes }: Credit) {
    this.#queue = queue;
    this.#consumer = consumer;
    this.#credit = credit;
    this.slot = new Slot(this);
    if (creditBytes !== undefined) this.slot.bytesLimit = creditBytes;
    this.#pace = new Pace(() => queue.context.clock.now());
    this.#limit();
    queue.dispatcher.add(this.slot);
    queue.consumptions.add(this);
    queue.pumpLater();
  }

  setCredit(credit: number, creditBytes = this.slot.bytesLimit): void {
    this.#credit = credit;
    this.slot.bytesLimit = creditBytes;
    this.optionsChanged();
    this.#queue.pump();
  }

  open(): void {
    this.#queue.pump();
  }

  optionsChanged(): void {
    if (this.#stopped) return;
    this.#limit();
    this.#queue.dispatcher.changed(this.slot);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#leave();
    for (const entry of this.slot.held()) release(this.#queue, entry);
    this.#queue.pump();
  }

  /** The queue ends: what was held is the queue's business. */
  end(reason: SluiceError): void {
    if (this.#stopped) return;
    this.#leave();
    this.#consumer.ended(reason);
  }

  take(entry: Entry): void {
    this.#consumer.deliver(entry);
  }

  ended(): void {
    if (this.#pace.settled()) this.optionsChanged();
  }

  #leave(): void {
    this.#stopped = true;
    this.#queue.dispatcher.remove(this.slot);
    this.#queue.consumptions.delete(this);
  }

  #limit(): void {
    this.slot.limit = Math.min(this.#credit, this.#queue.options.maxInflightPerConsumer, this.#pace.limit);
  }
}
