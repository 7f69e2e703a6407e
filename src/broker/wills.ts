import type { ReceiptWaiter } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import type { Deadline } from '../std/deadline-heap.ts';
import { Deadlines } from '../std/deadlines.ts';
import type { BrokerCounters } from './counters.ts';
import { Publication } from './publication.ts';
import type { Publisher } from './publisher.ts';
import type { Session } from './session.ts';
import type { SessionLog } from './session-log.ts';

interface DelayedWill extends Deadline {
  readonly session: Session;
}

/**
 * Publishes the will of a client that went without DISCONNECT: at once, or after its delay, or when its session ends
 * [MQTT-3.1.3-9]. A will that waits stays with its session, on disk where that is.
 */
export class Wills {
  readonly #delayed = new Map<Session, DelayedWill>();
  readonly #deadlines: Deadlines<DelayedWill>;
  readonly #publisher: Publisher;
  readonly #log: SessionLog;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  /** Nobody is there to hear of a refusal. */
  readonly #refusals: ReceiptWaiter;

  constructor(publisher: Publisher, log: SessionLog, counters: BrokerCounters, clock: Clock) {
    this.#publisher = publisher;
    this.#log = log;
    this.#counters = counters;
    this.#clock = clock;
    this.#refusals = {
      receipt: (_tag, failure) => {
        if (failure !== undefined) counters.publishesRefused++;
      },
    };
    this.#deadlines = new Deadlines(({ session }) => this.#publish(session), clock);
  }

  /** The connection ended without DISCONNECT. */
  connectionLost(session: Session): void {
    this.#publishAfterDelay(session, this.#clock.now());
  }

  /** The session is from before the process began, and its connection ended at `endedAt`, with the process or before. */
  sessionRestored(session: Session): void {
    this.#publishAfterDelay(session, session.endedAt ?? this.#clock.now());
  }

  /** The client is back before the delay was over [MQTT-3.1.3-9]. */
  cancel(session: Session): void {
    session.will = undefined;
    this.#forget(session);
  }

  sessionEnded(session: Session): void {
    if (this.#delayed.has(session)) this.#publish(session);
  }

  stop(): void {
    this.#deadlines.clear();
    this.#delayed.clear();
  }

  #publishAfterDelay(session: Session, since: number): void {
    if (session.will === undefined) return;
    const delaySeconds = Math.min(session.will.properties?.willDelayInterval ?? 0, session.expiryInterval);
    if (delaySeconds <= 0) {
      this.#publish(session);
      return;
    }
    const delayed = { session, deadline: 0, heapIndex: -1 };
    this.#delayed.set(session, delayed);
    this.#deadlines.set(delayed, since + delaySeconds * 1000);
  }

  #forget(session: Session): void {
    const delayed = this.#delayed.get(session);
    if (delayed === undefined) return;
    this.#delayed.delete(session);
    this.#deadlines.remove(delayed);
  }

  #publish(session: Session): void {
    const { will, willSource } = session;
    if (will === undefined) return;
    this.cancel(session);
    if (session.endedAt !== undefined) this.#log.changed(session);
    const { willDelayInterval: _, ...properties } = will.properties ?? {};
    const publication = new Publication(
      will.topic,
      will.payload,
      will.qos,
      will.retain,
      Object.keys(properties).length > 0 ? properties : undefined,
      this.#clock.now(),
      session.clientId,
    );
    publication.source = willSource;
    const refusal = this.#publisher.refusal(will.topic, will.retain ? will.payload.length : 0);
    if (refusal !== undefined) {
      this.#counters.publishesRefused++;
      return;
    }
    this.#counters.willsPublished++;
    this.#publisher.publish(this.#publisher.router.route(will.topic), publication, this.#refusals, 0);
  }
}
