import type { SluiceError } from '../errors.ts';
import {
  acknowledged,
  type Consumer,
  type Consumption,
  type Credit,
  type Delivery,
  type MessageProperties,
  type QoS,
  released,
  type Settlement,
} from '../message.ts';
import type { PublishProperties } from '../mqtt/codec/packets.ts';
import type { Deliverer } from './delivery.ts';
import { Publication } from './publication.ts';
import { QueueProperties } from './queue-properties.ts';
import type { Session } from './session.ts';

/** A client's subscription to a queue: what it holds is leased to this connection and goes back when the connection ends. */
export class QueueSubscription implements Consumer {
  readonly id: string;
  readonly filter: string;
  /** Filters that its client needs the right to. */
  needs: readonly string[] = [];
  readonly #session: Session;
  readonly #qos: QoS;
  readonly #identifiers: readonly number[] | undefined;
  readonly #deliverer: Deliverer;
  readonly #added: QueueProperties;
  readonly #onEnded: (subscription: QueueSubscription, reason: SluiceError) => void;
  #consumption: Consumption | undefined;
  #share: Credit | undefined;
  #stopped = false;
  /** QoS 0 has no acknowledgement: sent messages are settled at once, but not faster than the socket drains. */
  readonly #undrained: Delivery[] = [];

  constructor(
    filter: string,
    session: Session,
    qos: QoS,
    identifiers: readonly number[] | undefined,
    deliverer: Deliverer,
    onEnded: (subscription: QueueSubscription, reason: SluiceError) => void,
  ) {
    this.id = session.clientId;
    this.filter = filter;
    this.#session = session;
    this.#qos = qos;
    this.#identifiers = identifiers;
    this.#added = new QueueProperties(identifiers);
    this.#deliverer = deliverer;
    this.#onEnded = onEnded;
  }

  /** `share` is what it was opened with. */
  attach(consumption: Consumption, share: Credit): void {
    if (this.#stopped) {
      consumption.stop();
      return;
    }
    this.#consumption = consumption;
    this.#share = share;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  setCredit(share: Credit): void {
    if (share.credit === this.#share?.credit && share.creditBytes === this.#share.creditBytes) return;
    this.#share = share;
    this.#consumption?.setCredit(share.credit, share.creditBytes);
  }

  /** A message that cannot be encoded costs itself, not the queue and not the process. */
  deliver(delivery: Delivery): void {
    try {
      this.#deliver(delivery);
    } catch (problem) {
      delivery.settle({ kind: 'rejected', code: 'not_deliverable', reason: (problem as Error).message });
    }
  }

  #deliver(delivery: Delivery): void {
    const link = this.#session.link;
    if (link === undefined || this.#stopped) {
      delivery.settle(released);
      return;
    }
    const publication = Publication.of(delivery.message);
    if (
      this.#qos === 1 &&
      this.#deliverer.sender.sendLeased(this.#session, delivery, publication, this.#added.of(delivery))
    )
      return;
    if (this.#qos > 0) publication.own();
    const properties = this.#properties(delivery, publication.properties, link.version);
    if (this.#qos > 0) this.#deliverer.deliverLeased(this.#session, delivery, publication, this.#qos, properties);
    else if (!this.#deliverer.sender.sendAtMostOnce(link, publication, false, properties)) delivery.settle(notSent);
    else if (link.transport.bufferedBytes > undrainedBytesMax) this.#undrained.push(delivery);
    else delivery.settle(acknowledged);
  }

  drained(): void {
    for (const delivery of this.#undrained.splice(0)) delivery.settle(acknowledged);
  }

  ended(reason: SluiceError): void {
    if (!this.#stopped) this.#onEnded(this, reason);
  }

  stop(): void {
    this.#stopped = true;
    this.#undrained.length = 0;
    this.#consumption?.stop();
  }

  /** The message's own properties and where it stands in the queue; 3.1.1 has no place for them. */
  #properties(delivery: Delivery, own: MessageProperties | undefined, version: 4 | 5): PublishProperties | undefined {
    if (version === 4) return undefined;
    const userProperties = [...(own?.userProperties ?? []), ...this.#added.userProperties(delivery)];
    if (this.#identifiers === undefined) return { ...own, userProperties };
    return { ...own, userProperties, subscriptionIdentifiers: this.#identifiers };
  }
}

/** Above this much unsent output the next QoS 0 message waits for the socket. */
const undrainedBytesMax = 256 * 1024;

const notSent: Settlement = {
  kind: 'failed',
  code: 'not_sent',
  reason: 'The consumer at QoS 0 could not be sent the message',
};

/** What the reason code of a consumer's PUBACK or PUBREC says about the message. 3.1.1 has only success. */
export function settlementOf(reasonCode: number, reasonString: string | undefined): Settlement {
  if (reasonCode < 0x80) return acknowledged;
  if (reasonCode === 0x97) return released;
  const hex = `0x${reasonCode.toString(16)}`;
  const kind = rejecting.has(reasonCode) ? 'rejected' : 'failed';
  const reason = reasonString ?? `The consumer said ${hex} (${reasonNames[reasonCode]}) and no reason string`;
  return { kind, code: `reason_${hex}`, reason };
}

/** What is left for PUBACK and PUBREC to say, by the names of MQTT 5, section 3.4.2.1. */
const reasonNames: Readonly<Record<number, string>> = {
  128: 'unspecified error',
  131: 'implementation specific error',
  135: 'not authorized',
  144: 'topic name invalid',
  145: 'packet identifier in use',
  153: 'payload format invalid',
};

/** Payload format invalid, not authorized, topic name invalid: no other try can help. */
const rejecting = new Set([0x99, 0x87, 0x90]);
