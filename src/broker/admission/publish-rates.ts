import { networkOf } from '../../access/network.ts';
import type { Clock } from '../../std/clock.ts';
import type { Deadline } from '../../std/deadline-heap.ts';
import { Deadlines } from '../../std/deadlines.ts';
import { RateBucket } from '../../std/rate-bucket.ts';
import { RecentMap } from '../../std/recent-map.ts';
import type { Holdable } from '../congestion.ts';
import type { BrokerCounters } from '../counters.ts';
import type { BrokerLimits } from '../limits.ts';
import { boundedName } from './bans.ts';

/** What one connection has to answer for. Made only where a rate is set. */
export interface Meter extends Deadline {
  readonly connection: Holdable;
  readonly client: string;
  readonly own: Buckets;
  readonly shared: Buckets;
}

interface Buckets {
  readonly messages: RateBucket | undefined;
  readonly bytes: RateBucket | undefined;
}

/**
 * Slows publishers that are faster than they may be: what has been read is counted once a read, and a client in debt is
 * not read until the time for it has passed. Nothing is lost, and nothing is done for a message.
 */
export class PublishRates {
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  readonly #isOn: boolean;
  readonly #paused: Deadlines<Meter>;
  readonly #byAddress: RecentMap<string, Buckets>;
  /** Clients that left in debt: coming back does not pay it. */
  readonly #debtors: RecentMap<string, Buckets>;

  constructor(limits: BrokerLimits, counters: BrokerCounters, clock: Clock) {
    this.#limits = limits;
    this.#counters = counters;
    this.#clock = clock;
    this.#isOn =
      limits.publishRateMax +
        limits.publishBytesRateMax +
        limits.publishRatePerAddressMax +
        limits.publishBytesRatePerAddressMax >
      0;
    this.#paused = new Deadlines((meter) => meter.connection.unhold(), clock);
    this.#byAddress = new RecentMap(limits.ban.entriesMax);
    this.#debtors = new RecentMap(limits.ban.entriesMax);
  }

  /** For a client that has connected; undefined where no rate is set. */
  meter(connection: Holdable, clientId: string, remoteAddress: string): Meter | undefined {
    if (!this.#isOn) return undefined;
    const { publishRateMax, publishBytesRateMax } = this.#limits;
    const client = boundedName(clientId);
    const own = this.#debtors.get(client) ?? this.#buckets(publishRateMax, publishBytesRateMax);
    this.#debtors.delete(client);
    return { connection, client, own, shared: this.#bucketsOf(networkOf(remoteAddress)), deadline: 0, heapIndex: -1 };
  }

  /** Counts one read with so many PUBLISH packets in it. */
  charge(meter: Meter, publishes: number, bytes: number): void {
    const now = this.#clock.now();
    const wait = Math.max(debt(meter.own, publishes, bytes, now), debt(meter.shared, publishes, bytes, now));
    if (wait === 0) return;
    const { connection } = meter;
    if (meter.heapIndex < 0) connection.hold('publish_rate');
    const until = Math.max(now + wait, meter.heapIndex < 0 ? 0 : meter.deadline);
    this.#counters.publisherPausedMs += until - (meter.heapIndex < 0 ? now : meter.deadline);
    this.#paused.set(meter, until);
  }

  /** The connection is gone. */
  leave(meter: Meter): void {
    this.#paused.remove(meter);
    if (debt(meter.own, 0, 0, this.#clock.now()) > 0) this.#debtors.set(meter.client, meter.own);
  }

  stop(): void {
    this.#paused.clear();
  }

  #bucketsOf(address: string): Buckets {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    const { publishRatePerAddressMax, publishBytesRatePerAddressMax } = this.#limits;
    const buckets = this.#buckets(publishRatePerAddressMax, publishBytesRatePerAddressMax);
    this.#byAddress.set(address, buckets);
    return buckets;
  }

  #buckets(messagesPerSecond: number, bytesPerSecond: number): Buckets {
    const now = this.#clock.now();
    return {
      messages: messagesPerSecond === 0 ? undefined : new RateBucket(messagesPerSecond, now),
      bytes: bytesPerSecond === 0 ? undefined : new RateBucket(bytesPerSecond, now),
    };
  }
}

/** Milliseconds until nothing is owed. */
function debt({ messages, bytes }: Buckets, publishes: number, size: number, now: number): number {
  return Math.max(messages?.charge(publishes, now) ?? 0, bytes?.charge(size, now) ?? 0);
}
