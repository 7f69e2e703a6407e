import { type QoS, released } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import { Deadlines } from '../std/deadlines.ts';
import type { BrokerCounters } from './counters.ts';
import type { BrokerLimits } from './limits.ts';
import { lowerSubscriptions } from './lowered-limits.ts';
import type { Outgoing } from './outgoing.ts';
import { ReceivedMessage } from './received-message.ts';
import type { Router } from './router.ts';
import { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';
import type { Wills } from './wills.ts';

/** Every session by client id, and the duty that ends those whose client stayed away too long. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #expiries: Deadlines<Session>;
  readonly #router: Router;
  readonly #log: SessionLog;
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  readonly #wills: Wills;

  constructor(
    router: Router,
    log: SessionLog,
    limits: BrokerLimits,
    counters: BrokerCounters,
    clock: Clock,
    wills: Wills,
  ) {
    this.#router = router;
    this.#log = log;
    this.#limits = limits;
    this.#counters = counters;
    this.#clock = clock;
    this.#wills = wills;
    this.#expiries = new Deadlines((session) => this.#expire(session), clock);
  }

  get size(): number {
    return this.#sessions.size;
  }

  get isFull(): boolean {
    return this.#sessions.size >= this.#limits.sessionsMax;
  }

  get(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /**
   * Sessions from before the process began. One whose time is over ends now. Answers how many subscriptions were granted more
   * than `qosMax`.
   */
  load(qosMax: QoS): number {
    const now = this.#clock.now();
    let lowered = 0;
    for (const session of this.#log.load(now)) {
      this.#sessions.set(session.clientId, session);
      lowered += lowerSubscriptions(session, qosMax);
      for (const subscription of session.subscriptions.values()) this.#router.subscribe(subscription);
      for (const packetId of this.#log.received.load(session)) session.received.set(packetId, ReceivedMessage.stored());
    }
    // A will that is due concerns sessions of any place in the table.
    for (const session of this.#sessions.values()) {
      this.#wills.sessionRestored(session);
      if (session.persistent) this.#expireAfter(session, session.endedAt ?? now);
      else this.end(session);
    }
    return lowered;
  }

  /** The session to go on with, or a new one; `present` says which [MQTT-3.1.2-4..6]. A connection that holds it is ended [MQTT-3.1.4-3]. */
  open(
    clientId: string,
    owner: string,
    cleanStart: boolean,
    expiryInterval: number,
  ): { session: Session; present: boolean } {
    const known = this.#sessions.get(clientId);
    if (known?.link !== undefined) {
      this.#counters.takeovers++;
      known.link.takenOver();
    }
    // Taking over may have ended the session, where it was to last no longer than its connection.
    const kept = this.#sessions.get(clientId);
    if (kept !== undefined && !cleanStart) {
      this.#expiries.remove(kept);
      kept.expiryInterval = expiryInterval;
      kept.endedAt = undefined;
      this.#log.changed(kept);
      return { session: kept, present: true };
    }
    if (kept !== undefined) this.end(kept);
    const session = new Session(clientId, owner, expiryInterval);
    if (session.persistent) session.keep();
    this.#sessions.set(clientId, session);
    this.#log.changed(session);
    return { session, present: false };
  }

  /** The connection is gone: the session ends now, later, or stays. */
  detach(session: Session): void {
    session.link = undefined;
    if (session.persistent) this.#router.groups.moved(session);
    else this.#unsubscribe(session);
    const sentThrough = this.#leaveMemory(session);
    session.stored?.leave(sentThrough, session.lastSequence);
    if (!session.persistent) {
      this.end(session);
      return;
    }
    session.endedAt = this.#clock.now();
    this.#log.changed(session);
    this.#expireAfter(session, session.endedAt);
    this.#router.groups.handOnBacklog(session);
  }

  end(session: Session): void {
    if (this.#sessions.get(session.clientId) !== session) return;
    this.#sessions.delete(session.clientId);
    this.#expiries.remove(session);
    this.#unsubscribe(session);
    // What came through shared subscriptions goes to others, or is counted when it does not.
    const { messages, shared } = session.stored ?? nothingStored;
    this.#counters.dropped.session_ended += messages - shared;
    this.#wills.sessionEnded(session);
    // Last, since a will that is published changes the session on disk.
    this.#log.ended(session);
    session.stored = undefined;
  }

  /** Messages that kept sessions owe, on disk. Looks at every session. */
  storedMessages(): number {
    let messages = 0;
    for (const { stored } of this.#sessions.values()) messages += stored?.messages ?? 0;
    return messages;
  }

  *connected(): Generator<Session> {
    for (const session of this.#sessions.values()) if (session.link !== undefined) yield session;
  }

  stop(): void {
    this.#expiries.clear();
  }

  #expire(session: Session): void {
    this.#counters.sessionsExpired++;
    this.end(session);
  }

  #unsubscribe(session: Session): void {
    for (const subscription of session.subscriptions.values()) this.#router.unsubscribe(subscription);
    session.subscriptions.clear();
  }

  #expireAfter(session: Session, endedAt: number): void {
    if (session.expiryInterval === Number.POSITIVE_INFINITY) return;
    this.#expiries.set(session, endedAt + session.expiryInterval * 1000);
  }

  /**
   * What the client is owed from now on lies on disk alone, where the session is kept; without a place there it is lost with
   * its connection. What is leased from queues does not wait for the client to come back: others take it. Answers the last
   * sequence that was sent and not acknowledged.
   */
  #leaveMemory(session: Session): number {
    let sentThrough = 0;
    for (const outgoing of session.inflight.all()) {
      // Leases overtake what lies on disk alone, and are not sent again.
      if (outgoing.delivery === undefined) sentThrough = Math.max(sentThrough, outgoing.sequence);
      if (!outgoing.released) this.#letGo(session, outgoing);
    }
    for (const outgoing of session.takeWaiting()) {
      this.#letGo(session, outgoing);
      if (outgoing.delivery !== undefined) outgoing.row?.forget();
    }
    session.inflight.clear();
    return sentThrough;
  }

  #letGo(session: Session, outgoing: Outgoing): void {
    if (outgoing.delivery !== undefined) outgoing.delivery.settle(released);
    else if (session.stored === undefined) this.#router.groups.handOn(outgoing);
  }
}

const nothingStored = { messages: 0, shared: 0 };
