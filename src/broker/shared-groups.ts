import { isSharedFilter } from '../mqtt/topics/names.ts';
import type { BrokerCounters, DropReason } from './counters.ts';
import type { Deliverer } from './delivery.ts';
import type { Outgoing } from './outgoing.ts';
import type { Session, Subscription } from './session.ts';
import type { SessionLog } from './session-log.ts';
import { SharedBacklog } from './shared-backlog.ts';
import type { SharedDispatch } from './shared-dispatch.ts';
import { SharedGroup } from './shared-group.ts';

/** Every group of clients that share a subscription, by the whole filter: the share name and what is subscribed to. */
export class SharedGroups {
  readonly #groups = new Map<string, SharedGroup>();
  readonly #deliverer: Deliverer;
  readonly #log: SessionLog;
  readonly #counters: BrokerCounters;
  readonly #dispatch: SharedDispatch;
  readonly #random: () => number;
  #memberCount = 0;

  constructor(
    deliverer: Deliverer,
    log: SessionLog,
    counters: BrokerCounters,
    dispatch: SharedDispatch,
    random: () => number,
  ) {
    this.#deliverer = deliverer;
    this.#log = log;
    this.#counters = counters;
    this.#dispatch = dispatch;
    this.#random = random;
    log.owed.onLeft((outgoing) => this.handOn(outgoing));
    deliverer.onUnreadable((outgoing) => this.handOn(outgoing, 'not_allowed'));
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Members of all groups together. */
  get memberCount(): number {
    return this.#memberCount;
  }

  /** Answers the group where it began with this member. */
  join(subscription: Subscription): SharedGroup | undefined {
    const known = this.#groups.get(subscription.filter);
    const group = known ?? new SharedGroup(this.#dispatch, this.#random, this.#deliverer);
    if (known === undefined) this.#groups.set(subscription.filter, group);
    group.join(subscription);
    this.#memberCount++;
    return known === undefined ? group : undefined;
  }

  /** Answers the group where nobody is left in it. */
  leave(subscription: Subscription): SharedGroup | undefined {
    const group = this.#groups.get(subscription.filter);
    if (group?.leave(subscription) !== true) return undefined;
    this.#memberCount--;
    if (group.size > 0) return undefined;
    this.#groups.delete(subscription.filter);
    return group;
  }

  replace(known: Subscription, subscription: Subscription): void {
    this.#groups.get(known.filter)?.replace(known, subscription);
  }

  /** The session's client came or went. */
  moved(session: Session): void {
    for (const subscription of session.subscriptions.values()) {
      if (isSharedFilter(subscription.filter)) this.#groups.get(subscription.filter)?.moved(subscription);
    }
  }

  /**
   * What a member did not acknowledge, and will not, goes to another one of its group, or is dropped: where there is none,
   * and where it was sent at QoS 2, since that belongs to the client that it was sent to [MQTT-4.8.2-5]. `because`: why the
   * member has it no longer, which is counted where it is dropped.
   */
  handOn(outgoing: Outgoing, because: DropReason = 'session_ended'): void {
    const mayBeHere = outgoing.qos === 2 && outgoing.isSent;
    const group = outgoing.group === undefined || mayBeHere ? undefined : this.#groups.get(outgoing.group);
    const next = group?.pick(outgoing.publication);
    if (next === undefined) this.#counters.dropped[because]++;
    else this.#deliverer.deliverToMember(next, outgoing.publication);
  }

  /**
   * What was not sent yet need not wait for one that is away or has left the group: it goes to a member that is connected.
   * False where there is none that can hold it, and it stays where it is.
   */
  handOnUnsent(outgoing: Outgoing): boolean {
    const { group, publication } = outgoing;
    if (group === undefined || outgoing.isSent) return false;
    const next = this.#groups.get(group)?.pickConnected(publication);
    if (next === undefined || next.qos === 0 || !this.#deliverer.canKeep(next.session, publication)) return false;
    this.#deliverer.deliverToMember(next, publication);
    outgoing.row?.forget();
    return true;
  }

  /** The session, connected, has left groups whose messages wait in its memory. What is on disk alone stays its own. */
  handOnWaiting(session: Session): void {
    for (const outgoing of session.takeWaiting()) {
      const isMember = outgoing.group !== undefined && session.subscriptions.has(outgoing.group);
      if (isMember || !this.handOnUnsent(outgoing)) session.wait(outgoing);
    }
  }

  /** The kept session is away; what it was not sent is on disk. */
  handOnBacklog(session: Session): void {
    const line = session.stored;
    if (line !== undefined && line.shared > 0) this.#log.wait(new SharedBacklog(session, line, this.#log, this), 0);
  }
}
