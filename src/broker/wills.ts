import type { Will } from '../mqtt/codec/packets.ts';
import type { Clock } from '../std/clock.ts';
import { type Deadline, Deadlines } from '../std/deadlines.ts';
import type { BrokerCounters } from './counters.ts';
import { Publication } from './publication.ts';
import { nobodyWaits, type Publisher } from './publisher.ts';
import type { Session } from './session.ts';

interface DelayedWill extends Deadline {
  readonly session: Session;
  readonly will: Will;
}

/** Publishes the will of a client that went without DISCONNECT: at once, or after its delay, or when its session ends [MQTT-3.1.3-9]. */
export class Wills {
  readonly #delayed = new Map<Session, DelayedWill>();
  readonly #deadlines: Deadlines<DelayedWill>;
  readonly #publisher: Publisher;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;

  constructor(publisher: Publisher, counters: BrokerCounters, clock: Clock) {
    this.#publisher = publisher;
    this.#counters = counters;
    this.#clock = clock;
    this.#deadlines = new Deadlines((delayed) => this.#publishDelayed(delayed), clock);
  }

  /** The connection ended without DISCONNECT. */
  connectionLost(session: Session): void {
    const will = session.will;
    if (will === undefined) return;
    session.will = undefined;
    const delaySeconds = Math.min(will.properties?.willDelayInterval ?? 0, session.expiryInterval);
    if (delaySeconds <= 0) {
      this.#publish(session, will);
      return;
    }
    const delayed = { session, will, deadline: 0, heapIndex: -1 };
    this.#delayed.set(session, delayed);
    this.#deadlines.set(delayed, this.#clock.now() + delaySeconds * 1000);
  }

  /** The client is back before the delay was over [MQTT-3.1.3-9]. */
  cancel(session: Session): void {
    const delayed = this.#delayed.get(session);
    if (delayed === undefined) return;
    this.#delayed.delete(session);
    this.#deadlines.remove(delayed);
  }

  sessionEnded(session: Session): void {
    const delayed = this.#delayed.get(session);
    if (delayed !== undefined) this.#publishDelayed(delayed);
  }

  stop(): void {
    this.#deadlines.clear();
    this.#delayed.clear();
  }

  #publishDelayed(delayed: DelayedWill): void {
    this.cancel(delayed.session);
    this.#publish(delayed.session, delayed.will);
  }

  #publish(session: Session, will: Will): void {
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
    const refusal = this.#publisher.refusal(will.topic, will.retain ? will.payload.length : 0);
    if (refusal !== undefined) {
      this.#counters.publishesRefused++;
      return;
    }
    this.#counters.willsPublished++;
    this.#publisher.publish(this.#publisher.router.route(will.topic), publication, nobodyWaits, 0);
  }
}
