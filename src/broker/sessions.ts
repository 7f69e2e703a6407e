import { released } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import { Deadlines } from '../std/deadlines.ts';
import type { BrokerCounters } from './counters.ts';
import type { BrokerLimits } from './limits.ts';
import type { Router } from './router.ts';
import { Session } from './session.ts';

/** Every session by client id, and the duty that ends those whose client stayed away too long. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  readonly #expiries: Deadlines<Session>;
  readonly #router: Router;
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  readonly #sessionEnded: (session: Session) => void;

  constructor(
    router: Router,
    limits: BrokerLimits,
    counters: BrokerCounters,
    clock: Clock,
    sessionEnded: (session: Session) => void,
  ) {
    this.#router = router;
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

  /** The session to go on with, or a new one; `present` says which [MQTT-3.1.2-4..6]. A connection that holds it is ended [MQTT-3.1.4-3]. */
  open(clientId: string, cleanStart: boolean, expiryInterval: number): { session: Session; present: boolean } {
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
      return { session: kept, present: true };
    }
    if (kept !== undefined) this.end(kept);
    const session = new Session(clientId, expiryInterval);
    this.#sessions.set(clientId, session);
    return { session, present: false };
  }

  /** The connection is gone: the session ends now, later, or stays. */
  detach(session: Session): void {
    session.link = undefined;
    this.#giveBackLeases(session);
    if (!session.persistent) this.end(session);
    else if (session.expiryInterval !== Number.POSITIVE_INFINITY) {
      this.#expiries.set(session, this.#clock.now() + session.expiryInterval * 1000);
    }
  }

  end(session: Session): void {
    if (this.#sessions.get(session.clientId) !== session) return;
    this.#sessions.delete(session.clientId);
    this.#expiries.remove(session);
    for (const subscription of session.subscriptions.values()) this.#router.unsubscribe(subscription);
    this.#counters.dropped.session_ended += session.waiting.size + session.inflight.size;
    session.subscriptions.clear();
    session.waiting.clear();
    session.waitingBytes = 0;
    session.inflight.clear();
    this.#sessionEnded(session);
  }

  *connected(): Generator<Session> {
    for (const session of this.#sessions.values()) if (session.link !== undefined) yield session;
  }

  stop(): void {
    this.#expiries.clear();
  }

  /** What is leased from queues does not wait for the client to come back: others take it. */
  #giveBackLeases(session: Session): void {
    for (const [packetId, outgoing] of session.inflight) {
      if (outgoing.delivery === undefined || outgoing.released) continue;
      outgoing.delivery.settle(released);
      session.inflight.delete(packetId);
    }
    const waiting = [...session.waiting];
    session.waiting.clear();
    session.waitingBytes = 0;
    for (const outgoing of waiting) {
      if (outgoing.delivery !== undefined) outgoing.delivery.settle(released);
      else {
        session.waiting.push(outgoing);
        session.waitingBytes += outgoing.publication.payload.length;
      }
    }
  }
}
