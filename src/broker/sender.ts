import { type Delivery, expiresAt, type QoS, released } from '../message.ts';
import { type EncodedProperties, publishSize } from '../mqtt/codec/encode-publish.ts';
import type { PublishProperties } from '../mqtt/codec/packets.ts';
import type { Clock } from '../std/clock.ts';
import { congestedBytesMin } from './congestion.ts';
import type { BrokerCounters, DropReason } from './counters.ts';
import type { BrokerLimits } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import type { Publication } from './publication.ts';
import { packetIdOf, type Session, type SessionLink } from './session.ts';
import { writePublish } from './write-publish.ts';

/** Puts messages on the sockets of clients: the only file that sends PUBLISH. */
export class Sender {
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;
  readonly #clock: Clock;
  /** The last link that was found congested since `takeCongested`. */
  #congested: SessionLink | undefined;

  constructor(limits: BrokerLimits, counters: BrokerCounters, clock: Clock) {
    this.#limits = limits;
    this.#counters = counters;
    this.#clock = clock;
  }

  /** A subscriber whose socket lags behind what was just delivered; the publisher should wait for it. */
  takeCongested(): SessionLink | undefined {
    const congested = this.#congested;
    this.#congested = undefined;
    return congested;
  }

  /** Whether window and socket take one more message of QoS 1 or 2. */
  hasRoom(session: Session, link: SessionLink): boolean {
    return (
      session.inflight.size < link.window &&
      session.inflight.bytes <= this.#limits.sessionBytesMax &&
      link.transport.bufferedBytes <= this.#limits.outputBytesMax
    );
  }

  /** Sends at QoS 0; false where there is no room or no one. */
  sendAtMostOnce(
    link: SessionLink,
    publication: Publication,
    retain: boolean,
    properties: PublishProperties | undefined,
  ): boolean {
    if (!this.#mayWrite(link)) return this.drop('slow_consumer');
    if (!this.#fits(link, publication, properties, 0)) return this.drop('packet_too_large');
    const current = this.#remaining(publication, properties, false);
    if (current === expired) return this.drop('expired');
    writePublish(link, publication, current, 0, retain, false, 0);
    this.#sent(publication);
    return true;
  }

  /** One of several that get the same publication at QoS 0, as it is. */
  sendShared(link: SessionLink, publication: Publication, retain: boolean): void {
    const frame = publication.frame();
    if (!this.#mayWrite(link)) this.drop('slow_consumer');
    else if (frame.size(0, link.version) > link.packetBytesMax) this.drop('packet_too_large');
    else {
      frame.write(link.transport, 0, retain, false, 0, link.version);
      this.#sent(publication);
    }
  }

  /**
   * Sends a message leased from a queue at QoS 1; false where it has to wait. It is settled by the client's acknowledgement.
   * When the connection ends it goes back to its queue, so nothing is kept here that could be sent again.
   */
  sendLeased(session: Session, delivery: Delivery, publication: Publication, added: EncodedProperties): boolean {
    const { link, waiting } = session;
    if (link === undefined || waiting.size > 0 || !this.hasRoom(session, link)) return false;
    const outgoing = Outgoing.leased(delivery, publication.size);
    const properties = this.#sendable(link, publication, publication.properties, outgoing, added);
    if (properties === unsendable) return true;
    outgoing.sequence = session.takeFreeSequence();
    this.#write(session, link, outgoing, publication, properties, added);
    return true;
  }

  /** Sends a message of QoS 1 or 2, or settles it where it must not be sent any more. */
  send(session: Session, link: SessionLink, outgoing: Outgoing): void {
    // The lease was lost while the message waited: another consumer has it, and the place that it took here is free again.
    if (outgoing.delivery?.held === false) {
      outgoing.settle(released);
      return;
    }
    const { publication } = outgoing;
    const properties = this.#sendable(link, publication, outgoing.properties ?? publication.properties, outgoing);
    if (properties === unsendable) return;
    if (outgoing.sequence === 0) outgoing.sequence = session.takeFreeSequence();
    this.#write(session, link, outgoing, publication, properties);
  }

  /** The properties to send it with now, or `unsendable` for one that is settled instead. */
  #sendable(
    link: SessionLink,
    publication: Publication,
    properties: PublishProperties | undefined,
    outgoing: Outgoing,
    added?: EncodedProperties,
  ): PublishProperties | undefined | typeof unsendable {
    if (!this.#fits(link, publication, properties, outgoing.qos, added)) {
      this.drop('packet_too_large');
      outgoing.settle(tooLargeForClient);
      return unsendable;
    }
    const current = this.#remaining(publication, properties, outgoing.dup);
    if (current !== expired) return current;
    this.drop('expired');
    outgoing.settle({ kind: 'expired' });
    return unsendable;
  }

  #write(
    session: Session,
    link: SessionLink,
    outgoing: Outgoing,
    publication: Publication,
    properties: PublishProperties | undefined,
    added?: EncodedProperties,
  ): void {
    outgoing.packetId = packetIdOf(outgoing.sequence);
    session.inflight.add(outgoing);
    const { qos, retain, dup, packetId } = outgoing;
    writePublish(link, publication, properties, qos, retain, dup, packetId, added);
    if (link.transport.bufferedBytes >= congestedBytesMin) this.#congested = link;
    this.#sent(publication);
  }

  #sent({ payloadBytes }: Publication): void {
    this.#counters.publishesOut++;
    this.#counters.payloadBytesOut += payloadBytes;
  }

  /** A packet over the client's Maximum Packet Size is not sent [MQTT-3.1.2-25]. */
  #fits(
    link: SessionLink,
    { topic, payloadBytes }: Publication,
    properties: PublishProperties | undefined,
    qos: QoS,
    added?: EncodedProperties,
  ): boolean {
    if (link.packetBytesMax === Number.POSITIVE_INFINITY) return true;
    return publishSize(topic, payloadBytes, properties, qos, link.version, added) <= link.packetBytesMax;
  }

  /**
   * The properties with the expiry interval that is left [MQTT-3.3.2-6], or `expired`. A delivery that has begun goes on
   * [MQTT-4.4.0-1]: the client may hold the packet id of a QoS 2 message until PUBREL.
   */
  #remaining(
    publication: Publication,
    properties: PublishProperties | undefined,
    hasBegun: boolean,
  ): PublishProperties | undefined | typeof expired {
    if (properties?.messageExpiryInterval === undefined) return properties;
    const seconds = Math.ceil((expiresAt(publication) - this.#clock.now()) / 1000);
    if (seconds <= 0 && !hasBegun) return expired;
    return { ...properties, messageExpiryInterval: Math.max(0, seconds) };
  }

  #mayWrite(link: SessionLink): boolean {
    const buffered = link.transport.bufferedBytes;
    if (buffered >= congestedBytesMin) this.#congested = link;
    return buffered <= this.#limits.outputBytesMax;
  }

  drop(reason: DropReason): false {
    this.#counters.dropped[reason]++;
    return false;
  }
}

const expired = Symbol('expired');
const unsendable = Symbol('unsendable');

const tooLargeForClient = {
  kind: 'rejected',
  code: 'payload_too_large',
  reason: "The message is larger than the consumer's Maximum Packet Size",
} as const;
