import type { SluiceError } from '../../errors.ts';
import type { Message } from '../../message.ts';
import type { ConsumerInfo } from '../engine.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Entry } from './entry.ts';
import { hasExpired } from './expiry.ts';
import { LeaseWatch } from './lease-watch.ts';
import { Leases } from './leases.ts';
import type { DeliverySource, LeasingHome, PushedTo } from './leasing-home.ts';
import { Leavers } from './leavers.ts';
import { Outflow } from './outflow.ts';
import type { Selector } from './selector.ts';
import type { Slot } from './slot.ts';
import { changeState, State } from './transitions.ts';

/** Deliveries in one turn of the event loop; a longer backlog goes on in the next turn, so that others get theirs. */
export const deliveriesPerTurnMax = 1_000;

/**
 * Consumers of all queues that are ended in the turn in which their queue is removed; more follow in steps. One over MQTT takes its
 * connection along: some 30 µs, and 0.4 ms where it is the first time.
 */
export const endedPerTurnMax = 25;

/** Leases what a selector chooses to those whom a dispatcher chooses, until either has none. */
export class DeliveryLoop implements LeasingHome {
  readonly source: DeliverySource;
  readonly dispatcher: Dispatcher;
  readonly consumptions = new Set<PushedTo>();
  /** Those that are settled by token. */
  readonly leases: Leases = new Leases(this);
  leased = 0;
  /** Bytes of their records. */
  leasedBytes = 0;
  readonly #selector: () => Selector;
  readonly #outflow: Outflow;
  readonly #leavers: Leavers;
  #pumping = false;
  #pumpDue = false;

  /** The selector may be another one after a change of options. */
  constructor(source: DeliverySource, selector: () => Selector) {
    this.source = source;
    this.#selector = selector;
    this.#outflow = new Outflow(source.context, () => this.pump());
    this.#outflow.limit(source.options.rateLimit.out);
    this.dispatcher = new Dispatcher(source.options, source.context.random);
    const { wakes, returnedAtOnce, clock } = source.context;
    this.#leavers = new Leavers({
      wakes,
      atOnce: returnedAtOnce,
      now: () => clock.now(),
      release: (entry) => source.release(entry),
      done: () => this.pump(),
    });
  }

  get canDeliver(): boolean {
    const { source } = this;
    const { paused, maxInflight } = source.options;
    if (source.context.handOut.isOver || this.#leavers.areThere) return false;
    return this.dispatcher.hasAvailable && this.leased < maxInflight && !paused && !source.closed;
  }

  /** Delivers what can be delivered. */
  pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      this.#deliverReady();
    } finally {
      this.#pumping = false;
    }
  }

  pumpLater(): void {
    if (this.#pumpDue) return;
    this.#pumpDue = true;
    setImmediate(() => {
      this.#pumpDue = false;
      this.pump();
    });
  }

  /** Delivers a message that has just arrived with its own payload, as long as it is in this turn's hands. */
  pumpArriving(entry: Entry, message: Message): void {
    entry.lend(message);
    this.pump();
    entry.forgetMessage();
  }

  join(slot: Slot<Entry>): void {
    slot.watch = new LeaseWatch(slot, this.source.context.wakes, this.source);
    this.dispatcher.add(slot);
  }

  leave(slot: Slot<Entry>): void {
    this.dispatcher.remove(slot);
    slot.watch?.stop();
    slot.watch = undefined;
  }

  takeBack(slot: Slot<Entry>): void {
    // To a source that was removed there is nothing to take back.
    if (!this.source.removed) this.#leavers.add(slot);
  }

  /** Everybody who may hold something, those who left among them. */
  *slots(): Iterable<Slot<Entry>> {
    yield* this.dispatcher.slots;
    yield* this.#leavers.slots;
  }

  /** All that is leased. The caller may end the lease that it was given. */
  *held(): Iterable<Entry> {
    for (const slot of this.slots()) yield* slot.held();
  }

  extend(entry: Entry, leaseMs = this.source.options.leaseMs): boolean {
    const { slot } = entry;
    if (!entry.held || slot === undefined) return false;
    slot.moveDeadline(entry, this.source.context.clock.now() + leaseMs);
    slot.watch?.changed();
    return true;
  }

  /** Takes a leased entry from its holder. */
  endLease(entry: Entry): void {
    this.leased--;
    this.source.context.handOut.ended();
    this.leasedBytes -= entry.bytes;
    const { slot } = entry;
    if (slot === undefined) return;
    slot.unlink(entry);
    if (entry.lost) slot.lost++;
    else this.#freePlace(slot, entry);
  }

  /** The holder of a lost lease has answered: what it held takes none of its places any more. */
  answeredLate(entry: Entry): void {
    entry.lost = false;
    if (entry.slot === undefined) return;
    entry.slot.lost--;
    this.#freePlace(entry.slot, entry);
    this.pump();
  }

  consumers(): ConsumerInfo[] {
    return [...this.consumptions, ...this.leases.consumers].map(({ info }) => info);
  }

  optionsChanged(): void {
    this.#outflow.limit(this.source.options.rateLimit.out);
    for (const consumption of this.consumptions) consumption.optionsChanged();
    this.leases.optionsChanged();
    this.pumpLater();
  }

  /** Takes back what is held, and ends those who consume or wait. */
  end(reason: SluiceError, waiting: SluiceError | undefined): void {
    if (this.source.removed) {
      this.#sourceRemoved(reason);
      return;
    }
    for (const entry of this.held()) this.source.release(entry);
    this.#leavers.stop();
    this.#outflow.stop();
    this.leases.end(waiting);
    for (const consumption of [...this.consumptions]) consumption.end(reason);
  }

  /** There is nothing to take back to, and of many consumers most are ended later. */
  #sourceRemoved(reason: SluiceError): void {
    this.#forgetHeld();
    this.#leavers.stop();
    this.#outflow.stop();
    const consumers = [...this.leases.consumers, ...this.consumptions];
    let at = 0;
    this.source.context.endings.add(consumers.length, () => consumers[at++].end(reason));
  }

  #deliverReady(): void {
    let now = 0;
    for (let budget = deliveriesPerTurnMax; this.canDeliver && this.#outflow.isOpen(); budget--) {
      if (budget === 0) {
        this.pumpLater();
        return;
      }
      const entry = this.#selector().next();
      if (entry === undefined) return;
      if (now === 0) now = this.source.context.clock.turn();
      if (hasExpired(entry.record, this.source.ttlMs ?? 0, now)) {
        this.source.expire(entry, now);
        continue;
      }
      // Before it is handed out: what its consumer does with it at once may ask for the next one.
      this.#outflow.took();
      this.#lease(entry, this.dispatcher.slotFor(entry), now);
    }
  }

  #lease(entry: Entry, slot: Slot<Entry>, now: number): void {
    const { totals } = this.source;
    changeState(entry, State.leased);
    this.leased++;
    this.source.context.handOut.took();
    this.leasedBytes += entry.bytes;
    totals.delivered++;
    if (entry.deliveries++ > 0) totals.redelivered++;
    else totals.timeInQueueMs.record(now - entry.enqueuedAt);
    entry.leasedAt = now | 0;
    slot.hold(entry, now + slot.taker.leaseMs);
    this.dispatcher.changed(slot);
    slot.watch?.changed();
    slot.taker.take(entry);
    // Whoever looks at the message later decodes it again: many are held for long, and most are looked at once.
    entry.forgetMessage();
  }

  /** What is held stays as it is in its holders' hands, who can do nothing with it: of many messages that is no more work than of one. */
  #forgetHeld(): void {
    this.source.context.handOut.ended(this.leased);
    this.leased = 0;
    this.leasedBytes = 0;
    this.leases.forget();
  }

  #freePlace(slot: Slot<Entry>, entry: Entry): void {
    slot.inflight--;
    slot.inflightBytes -= entry.bytes;
    this.dispatcher.changed(slot);
    slot.taker.ended(entry);
  }
}
