import { isDeepStrictEqual } from 'node:util';
import type { AccessChange, Identity } from '../access/access.ts';
import type { ConsumerSource } from '../message.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import type { Deadline } from '../std/deadline-heap.ts';
import { Deadlines } from '../std/deadlines.ts';
import type { LazyMap } from '../std/lazy-map.ts';
import { needsOf } from './consuming-needs.ts';
import { type DropParts, dropForbidden } from './drop-forbidden.ts';
import type { QueueSubscription } from './queue-subscription.ts';
import { ownerOf, type Session } from './session.ts';
import type { Transport } from './transport.ts';

/** A connection as this duty sees it. */
export interface RightsHolder {
  readonly identity: Identity;
  readonly session: Session;
  readonly transport: Transport;
  readonly queueSubscriptions: Pick<LazyMap<string, QueueSubscription>, 'values'>;
  /** Is this one from now on; what it may publish is decided anew. */
  adopt(identity: Identity): void;
  disconnect(reasonCode: number, reason: string): void;
}

interface Expiry extends Deadline {
  readonly holder: RightsHolder;
}

export interface RightsWatchParts extends DropParts {
  readonly clock?: Clock;
  readonly sources: readonly ConsumerSource[];
  /** Counts connections that ended here, and wills that were taken away. */
  readonly counters: { rightsLost: number; publishesRefused: number };
  /** Told when the first connection of a device comes, and when its last one goes. */
  readonly presence: (deviceId: string, online: boolean) => void;
  /** Told of every change at once, before it is known whom it concerns. */
  readonly changed?: (change: AccessChange) => void;
}

/**
 * Looks at open connections again when what they came in with changes, and ends those that lost a right they use. Many
 * changes at once are looked at together, and many connections in slices, so that nobody else waits.
 */
export class RightsWatch {
  readonly #parts: RightsWatchParts;
  readonly #holders = new Set<RightsHolder>();
  /** Those that are devices, by its id: a change of one device is nothing to all others. Most have one connection. */
  readonly #byDevice = new Map<string, readonly RightsHolder[]>();
  readonly #expiries: Deadlines<Expiry>;
  readonly #expiryOf = new Map<RightsHolder, Expiry>();
  /** Ids of devices that changed and were not looked at yet; no more than there are devices. */
  #devices = new Set<string>();
  #configurationChanged = false;
  #running = false;
  #feedingChanged = false;
  #version = 0;

  constructor(parts: RightsWatchParts) {
    this.#parts = parts;
    this.#expiries = new Deadlines(({ holder }) => this.#expired(holder), parts.clock ?? systemClock);
    parts.access.onChanged((change) => this.#changed(change));
    for (const source of parts.sources) source.onFeedingChanged(() => this.#queuesChanged());
  }

  /** Grows with every change: a login that began before one is looked at again when it is through. */
  get version(): number {
    return this.#version;
  }

  /** From now on until `forget`. `since` is the version at which its login began. */
  watch(holder: RightsHolder, since: number): void {
    this.#holders.add(holder);
    this.#enter(holder);
    this.#expireInTime(holder);
    if (since === this.#version) return;
    void this.#examine(holder, { kind: 'configuration' });
    if (holder.identity.kind === 'device') void this.#examine(holder, { kind: 'device', id: holder.identity.name });
  }

  /** The holder proved who it is anew, which began at version `since`. */
  loggedInAgain(holder: RightsHolder, identity: Identity, since: number): void {
    this.#apply(holder, identity);
    if (this.#holders.has(holder)) this.watch(holder, since);
  }

  forget(holder: RightsHolder): void {
    if (this.#holders.delete(holder)) this.#leave(holder);
    const expiry = this.#expiryOf.get(holder);
    if (expiry === undefined) return;
    this.#expiryOf.delete(holder);
    this.#expiries.remove(expiry);
  }

  stop(): void {
    this.#expiries.clear();
    this.#holders.clear();
  }

  #enter(holder: RightsHolder): void {
    const { kind, name } = holder.identity;
    if (kind !== 'device') return;
    const others = this.#byDevice.get(name) ?? [];
    if (others.includes(holder)) return;
    this.#byDevice.set(name, [...others, holder]);
    if (others.length === 0) this.#parts.presence(name, true);
  }

  #leave(holder: RightsHolder): void {
    const { kind, name } = holder.identity;
    if (kind !== 'device') return;
    const others = (this.#byDevice.get(name) ?? []).filter((other) => other !== holder);
    if (others.length > 0) this.#byDevice.set(name, others);
    else if (this.#byDevice.delete(name)) this.#parts.presence(name, false);
  }

  #changed(change: AccessChange): void {
    this.#version++;
    this.#parts.changed?.(change);
    if (change.kind === 'device') this.#devices.add(change.id);
    else this.#configurationChanged = true;
    if (this.#running) return;
    this.#running = true;
    void this.#lookAtAll();
  }

  /** Every change that came by now, and those that come meanwhile in another round. */
  async #lookAtAll(): Promise<void> {
    await anotherTurn();
    while (this.#configurationChanged || this.#devices.size > 0) {
      const devices = this.#devices;
      const configurationChanged = this.#configurationChanged;
      this.#devices = new Set();
      this.#configurationChanged = false;
      let sinceTurn = 0;
      for (const holder of configurationChanged ? [...this.#holders] : this.#ofDevices(devices)) {
        if (!this.#holders.has(holder)) continue;
        if (configurationChanged) await this.#examine(holder, { kind: 'configuration' });
        const { kind, name } = holder.identity;
        if (kind === 'device' && devices.has(name)) await this.#examine(holder, { kind: 'device', id: name });
        if (++sinceTurn % holdersPerTurn === 0) await anotherTurn();
      }
    }
    this.#running = false;
  }

  #ofDevices(ids: ReadonlySet<string>): readonly RightsHolder[] {
    return [...ids].flatMap((id) => this.#byDevice.get(id) ?? []);
  }

  async #examine(holder: RightsHolder, change: AccessChange): Promise<void> {
    const before = holder.identity;
    try {
      const { remoteAddress, listener } = holder.transport.peer;
      const origin = { remoteAddress, through: listener.access };
      const identity = await this.#parts.access.reexamine(before, origin, change);
      if (!this.#holders.has(holder)) return;
      // It logged in again meanwhile: that is what counts now.
      if (holder.identity !== before) await this.#examine(holder, change);
      else if (identity === undefined || ownerOf(identity) !== holder.session.owner)
        this.#end(holder, 'What it logged in with does not count any more', true);
      else this.#apply(holder, identity);
    } catch (error) {
      this.#parts.log.error('Rights could not be looked at again', { client: holder.session.clientId, error });
      this.#end(holder, 'The rights could not be looked at again', false);
    }
  }

  /** More may go into a queue now than its consumers may read. Looked at before the next publish is read, by microtasks alone. */
  #queuesChanged(): void {
    if (this.#feedingChanged) return;
    this.#feedingChanged = true;
    queueMicrotask(() => {
      this.#feedingChanged = false;
      const found = new Map<string, Promise<readonly string[]>>();
      for (const holder of this.#holders) {
        for (const subscription of holder.queueSubscriptions.values()) void this.#feed(holder, subscription, found);
      }
    });
  }

  async #feed(
    holder: RightsHolder,
    subscription: QueueSubscription,
    found: Map<string, Promise<readonly string[]>>,
  ): Promise<void> {
    // The queue by its own name: an alias may mean another one by now.
    const [filter] = subscription.needs;
    // Still being opened, and looked at when it is.
    if (filter === undefined) return;
    const needs = found.get(filter) ?? this.#needsOf(filter, subscription.needs);
    found.set(filter, needs);
    const now = await needs;
    if (subscription.stopped || isDeepStrictEqual(now, subscription.needs)) return;
    subscription.needs = now;
    const lost = this.#holders.has(holder) ? this.#lostQueue(holder) : undefined;
    if (lost !== undefined) this.#end(holder, `Not allowed to subscribe to "${lost}" any more`, false);
  }

  /** As before where they cannot be told: a queue that is gone ends its consumers by itself. */
  async #needsOf(filter: string, before: readonly string[]): Promise<readonly string[]> {
    const source = this.#parts.sources.find((candidate) => candidate.claims(filter));
    if (source === undefined) return before;
    try {
      return (await needsOf(source, filter)).needs;
    } catch (problem) {
      this.#parts.log.info('What feeds a queue could not be looked at', { filter, problem });
      return before;
    }
  }

  #apply(holder: RightsHolder, identity: Identity): void {
    holder.adopt(identity);
    this.#expireInTime(holder);
    const { session } = holder;
    const { access } = this.#parts;
    const { will } = session;
    if (will !== undefined && !access.mayPublish(identity, session.clientId, will.topic)) this.#takeWill(holder);
    const lost = dropForbidden(this.#parts, session, identity)[0] ?? this.#lostQueue(holder);
    if (lost !== undefined) this.#end(holder, `Not allowed to subscribe to "${lost}" any more`, false);
  }

  #lostQueue({ queueSubscriptions, identity, session }: RightsHolder): string | undefined {
    const { access } = this.#parts;
    for (const { filter, needs } of queueSubscriptions.values()) {
      if (needs.some((needed) => !access.maySubscribe(identity, session.clientId, needed))) return filter;
    }
    return undefined;
  }

  #expired(holder: RightsHolder): void {
    this.#end(holder, 'What it logged in with has expired', false);
  }

  /** A client that is revoked does not speak through its will either. */
  #end(holder: RightsHolder, reason: string, revoked: boolean): void {
    const { identity, session, transport } = holder;
    if (revoked) this.#takeWill(holder);
    this.#parts.counters.rightsLost++;
    const client = session.clientId;
    this.#parts.log.info('Connection lost its right', {
      client,
      name: identity.name,
      remoteAddress: transport.peer.remoteAddress,
      reason,
    });
    holder.disconnect(0x87, reason);
  }

  #takeWill({ session }: RightsHolder): void {
    if (session.will === undefined) return;
    this.#parts.counters.publishesRefused++;
    this.#parts.log.warn('Will taken away: not allowed any more', {
      client: session.clientId,
      topic: session.will.topic,
    });
    session.will = undefined;
  }

  #expireInTime(holder: RightsHolder): void {
    const { expiresAt } = holder.identity;
    const known = this.#expiryOf.get(holder);
    if (expiresAt === undefined) {
      if (known !== undefined) this.#expiries.remove(known);
      this.#expiryOf.delete(holder);
      return;
    }
    const expiry = known ?? { holder, deadline: 0, heapIndex: -1 };
    this.#expiryOf.set(holder, expiry);
    this.#expiries.set(expiry, expiresAt);
  }
}

const holdersPerTurn = 500;

function anotherTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
