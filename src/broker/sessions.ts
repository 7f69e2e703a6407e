import { released } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import { Deadlines } from '../std/deadlines.ts';
import type { BrokerCounters } from './counters.ts';
import type { BrokerLimits } from './limits.ts';
import type { Router } from './router.ts';
import { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';

/** Every session by client id, and the duty that ends those whose client stayed away too long. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #expiries: Deadlines<Session>;
  readonly #router: Router;
  readonly #log: SessionLog;
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  readonly #sessionEnded: (session: Session) => void;

  constructor(
    router: Router,
    log: SessionLog,
    limits: BrokerLimits,
    counters: BrokerCounters,
    clock: Clock,
    sessionEnded: (session: Session) => void,
  ) {
    this.#router = router;
    this.#log = log;
    this.#limits = limits;
    this.#counters = counters;
    this.#clock = clock;
    this.#sessionEnded = sessionEnded;
    this.#expiries = new Deadlines((session) => this.end(session), clock);
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

  /** Sessions from before the process began. One whose time is over ends now. */
  load(): void {
    const now = this.#clock.now();
    for (const session of this.#log.load(now)) {
      this.#sessions.set(session.clientId, session);
      for (const subscription of session.subscriptions.values()) this.#router.subscribe(subscription);
      if (session.persistent) this.#expireAfter(session, session.endedAt ?? now);
      else this.end(session);
    }
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
    this.#sessions.set(clientId, session);
    this.#log.changed(session);
    return { session, present: false };
  }

  /** The connection is gone: the session ends now, later, or stays. */
  detach(session: Session): void {
    session.link = undefined;
    this.#giveBackLeases(session);
    if (!session.persistent) {
      this.end(session);
      return;
    }
    session.endedAt = this.#clock.now();
    this.#log.changed(session);
    this.#expireAfter(session, session.endedAt);
  }

  end(session: Session): void {
    if (this.#sessions.get(session.clientId) !== session) return;
    this.#sessions.delete(session.clientId);
    this.#expiries.remove(session);
    for (const subscription of session.subscriptions.values()) this.#router.unsubscribe(subscription);
    this.#counters.dropped.session_ended += session.waiting.size + session.inflight.size;
    for (const outgoing of session.waiting) outgoing.row?.forget();
    for (const outgoing of session.inflight.values()) outgoing.row?.forget();
    this.#log.ended(session);
    session.subscriptions.clear();
    session.takeWaiting();
    session.inflight.clear();
    session.inflightBytes = 0;
    this.#sessionEnded(session);
  }

  *connected(): Generator<Session> {
    for (const session of this.#sessions.values()) if (session.link !== undefined) yield session;
  }

  stop(): void {
    this.#expiries.clear();
  }

  #expireAfter(session: Session, endedAt: number): void {
    if (session.expiryInterval === Number.POSITIVE_INFINITY) return;
    this.#expiries.set(session, endedAt + session.expiryInterval * 1000);
  }

  /** What is leased from queues does not wait for the client to come back: others take it. */
  #giveBackLeases(session: Session): void {
    for (const outgoing of session.inflight.values()) {
      if (outgoing.delivery === undefined || outgoing.released) continue;
      outgoing.delivery.settle(released);
      session.finish(outgoing);
    }
    for (const outgoing of session.takeWaiting()) {
      if (outgoing.delivery === undefined) session.wait(outgoing);
      else outgoing.delivery.settle(released);
    }
  }
}
