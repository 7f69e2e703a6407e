import type { SluiceError } from '../../errors.ts';
import type { Consumer, Consumption, Credit } from '../../message.ts';
import type { ConsumerInfo } from '../engine.ts';
import type { Entry } from './entry.ts';
import type { LeasingHome, PushedTo } from './leasing-home.ts';
import { Pace } from './pace.ts';
import { Slot, type Taker } from './slot.ts';

/** One consumer that messages are pushed to. */
export class PushConsumption implements Consumption, PushedTo, Taker<Entry> {
  readonly #home: LeasingHome;
  readonly #consumer: Consumer;
  readonly slot: Slot<Entry>;
  readonly #pace: Pace;
  #credit: number;
  readonly #since: number;
  #settledAt: number | undefined;
  #stopped = false;

  /** Nothing is delivered in this turn, so that the caller has the consumption before the first delivery. */
  constructor(home: LeasingHome, consumer: Consumer, { credit, creditBytes }: Credit) {
    this.#home = home;
    this.#consumer = consumer;
    this.#credit = credit;
    this.slot = new Slot(this, consumer.id);
    if (creditBytes !== undefined) this.slot.bytesLimit = creditBytes;
    const { clock } = home.source.context;
    this.#since = clock.now();
    this.#pace = new Pace(() => clock.now());
    this.#limit();
    home.join(this.slot);
    home.consumptions.add(this);
    home.pumpLater();
    this.#tell('consumer-joined');
  }

  setCredit(credit: number, creditBytes = this.slot.bytesLimit): void {
    this.#credit = credit;
    this.slot.bytesLimit = creditBytes;
    this.optionsChanged();
    this.#home.pump();
  }

  optionsChanged(): void {
    if (this.#stopped) return;
    this.#limit();
    this.#home.dispatcher.changed(this.slot);
  }

  stop(): void {
    if (this.#stopped) return;
    this.#leave();
    this.#home.takeBack(this.slot);
  }

  /** The queue ends: what was held is the queue's business. */
  end(reason: SluiceError): void {
    if (this.#stopped) return;
    this.#leave();
    this.#consumer.ended(reason);
  }

  get info(): ConsumerInfo {
    const { inflight, lost, limit } = this.slot;
    return {
      id: this.#consumer.id,
      kind: 'push',
      group: undefined,
      limit,
      inflight: inflight - lost,
      lost,
      since: this.#since,
      settledAt: this.#settledAt,
    };
  }

  get leaseMs(): number {
    return this.#home.source.options.leaseMs;
  }

  take(entry: Entry): void {
    this.#consumer.deliver(entry);
  }

  ended(): void {
    this.#settledAt = this.#home.source.context.clock.now();
    if (this.#pace.settled()) this.optionsChanged();
  }

  #leave(): void {
    this.#stopped = true;
    this.#home.leave(this.slot);
    this.#home.consumptions.delete(this);
    this.#tell('consumer-left');
  }

  #tell(kind: 'consumer-joined' | 'consumer-left'): void {
    const { context, name } = this.#home.source;
    context.events.tell(name, kind, { consumer: this.#consumer.id, kind: 'push' });
  }

  #limit(): void {
    this.slot.limit = Math.min(this.#credit, this.#home.source.options.maxInflightPerConsumer, this.#pace.limit);
  }
}
