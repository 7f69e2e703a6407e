import type { SluiceError } from '../errors.ts';
import type { Delivery, QoS, ReceiptWaiter } from '../message.ts';
import { encodeAck } from '../mqtt/codec/encode-ack.ts';
import { PacketType, type PublishProperties } from '../mqtt/codec/packets.ts';
import { referenceBytesMin } from '../std/bytes.ts';
import type { Clock } from '../std/clock.ts';
import { congestedBytesMin } from './congestion.ts';
import type { BrokerCounters } from './counters.ts';
import type { BrokerLimits } from './limits.ts';
import { Outgoing } from './outgoing.ts';
import type { Publication } from './publication.ts';
import { Sender } from './sender.ts';
import { lowerQos, packetIdOf, type Session, type SessionLink, type Subscription } from './session.ts';
import type { SessionLog } from './session-log.ts';
import type { StoredLine } from './stored-line.ts';

/**
 * The way of a message from the broker to one client: at once where the client's window and its socket allow, else
 * through the session's waiting line.
 */
export class Deliverer {
  readonly #log: SessionLog;
  readonly #limits: BrokerLimits;
  readonly #counters: BrokerCounters;
  readonly sender: Sender;
  /** Whether a message went to a session on disk since `takeStored`. */
  #stored = false;
  /** Those that go on in the next turn. */
  readonly #resting = new Set<Session>();
  #handOn: ((outgoing: Outgoing) => void) | undefined;

  constructor(log: SessionLog, limits: BrokerLimits, counters: BrokerCounters, clock: Clock) {
    this.#log = log;
    this.#limits = limits;
    this.#counters = counters;
    this.sender = new Sender(limits, counters, clock);
    log.owed.onFlushed((session) => this.pump(session));
  }

  /** Registers the one who takes what a member of a group may not read any more. */
  onUnreadable(handOn: (outgoing: Outgoing) => void): void {
    this.#handOn = handOn;
  }

  /** `shared`: other subscribers get the same publication, so its common encoding pays. */
  deliver(subscription: Subscription, publication: Publication, retain: boolean, shared: boolean): void {
    const session = subscription.session;
    const qos = lowerQos(publication.qos, subscription.qos);
    // Several sockets send a large payload from one place.
    const isLarge = publication.payloadBytes >= referenceBytesMin;
    if ((shared && isLarge) || (qos > 0 && !this.sendsAtOnce(session))) publication.own();
    const properties = propertiesFor(publication, subscription);
    if (qos === 0) this.#deliverAtMostOnce(session, publication, retain, properties, shared);
    else this.#deliverAcknowledged(session, new Outgoing(publication, qos, retain, properties, undefined));
  }

  /**
   * To the very connection that publishes, which knows its own message by PUBREC: where nothing has to be stored first, it
   * waits for the pump that follows the acknowledgement.
   */
  deliverBehind(subscription: Subscription, publication: Publication, retain: boolean, shared: boolean): void {
    const { session } = subscription;
    const qos = lowerQos(publication.qos, subscription.qos);
    if (qos === 0 || session.stored !== undefined) {
      this.deliver(subscription, publication, retain, shared);
      return;
    }
    const properties = propertiesFor(publication.own(), subscription);
    this.#keep(session, new Outgoing(publication, qos, retain, properties, undefined));
  }

  /** To a member of a group: another one may take the message over as long as this one has not acknowledged it. */
  deliverToMember(subscription: Subscription, publication: Publication): void {
    const retain = subscription.retainAsPublished && publication.retain;
    const qos = lowerQos(publication.qos, subscription.qos);
    if (qos === 0) {
      this.deliver(subscription, publication, retain, false);
      return;
    }
    publication.own();
    const properties = propertiesFor(publication, subscription);
    const outgoing = new Outgoing(publication, qos, retain, properties, undefined, subscription.filter);
    this.#deliverAcknowledged(subscription.session, outgoing);
  }

  /** Whether a message would leave at once, and the socket keeps up. */
  hasRoom(session: Session): boolean {
    const { link, stored, waiting } = session;
    if (link === undefined || waiting.size > 0 || link.transport.bufferedBytes >= congestedBytesMin) return false;
    if (stored !== undefined && (!stored.isTakenUp || stored.onDiskAlone > 0)) return false;
    return this.sender.hasRoom(session, link);
  }

  /** Whether the session can owe one more, sent or not. */
  canKeep(session: Session, publication: Publication): boolean {
    const { sessionMessagesMax, sessionBytesMax } = this.#limits;
    const messages = session.stored?.messages ?? session.waiting.size;
    const bytes = session.stored?.bytes ?? session.waitingBytes;
    return messages < sessionMessagesMax && bytes + publication.size <= sessionBytesMax;
  }

  /** A message leased from a queue that has to wait or be stored, with memory of its own. */
  deliverLeased(
    session: Session,
    delivery: Delivery,
    publication: Publication,
    qos: QoS,
    properties: PublishProperties | undefined,
  ): void {
    this.#deliverAcknowledged(session, new Outgoing(publication, qos, false, properties, delivery));
  }

  /**
   * Whether the next message of QoS 1 or 2 goes straight to the socket: nobody looks at its bytes again then, since a
   * session that is not stored sends nothing twice.
   */
  sendsAtOnce(session: Session): boolean {
    const { link, waiting, stored } = session;
    return link !== undefined && stored === undefined && waiting.size === 0 && this.sender.hasRoom(session, link);
  }

  /** Whether what was just delivered has to be flushed before the publisher is told that it is safe. */
  takeStored(): boolean {
    const stored = this.#stored;
    this.#stored = false;
    return stored;
  }

  /** Sends what waits as far as window and socket allow: after an acknowledgement, a flush, a drained socket, a reconnection. */
  pump(session: Session): void {
    const { link, stored } = session;
    if (link === undefined || stored?.isTakenUp === false || this.#resting.has(session)) return;
    for (let pages = 0; this.#sendWaiting(session, link) && this.sender.hasRoom(session, link); pages++) {
      if (pages === pagesPerTurnMax) {
        this.#rest(session);
        return;
      }
      if (stored === undefined || !this.#readOn(session, stored, link)) {
        link.caughtUp();
        return;
      }
    }
  }

  #rest(session: Session): void {
    this.#resting.add(session);
    setImmediate(() => {
      this.#resting.delete(session);
      this.pump(session);
    });
  }

  /** False where one has to go on waiting. */
  #sendWaiting(session: Session, link: SessionLink): boolean {
    const { waiting } = session;
    for (let next = waiting.peek(); next !== undefined; next = waiting.peek()) {
      if (!this.sender.hasRoom(session, link) || !isReady(session, next)) return false;
      const outgoing = session.next() as Outgoing;
      if (mayStillRead(session, link, outgoing)) this.sender.send(session, link, outgoing);
      else this.#keepBack(outgoing);
    }
    return true;
  }

  #keepBack(outgoing: Outgoing): void {
    if (outgoing.group === undefined) this.sender.drop('not_allowed');
    else this.#handOn?.(outgoing);
    outgoing.row?.forget();
  }

  /**
   * Sends again what the client had not acknowledged when it went [MQTT-4.4.0-1], then what waited: once everything is
   * flushed and can be read, and within the window and the sizes of the new connection, which may be smaller than those
   * of the last.
   */
  resume(session: Session, link: SessionLink): void {
    const line = session.keep();
    line.takenUpThrough = session.lastSequence;
    this.#log.wait(new TakingUp(this, session, link, line), 0);
  }

  /** Reads a page of what is on disk alone. False where there is nothing to read, or nothing yet. */
  #readOn(session: Session, line: StoredLine, link: SessionLink): boolean {
    if (line.onDiskAlone === 0) return false;
    const page = this.#log.owed.read(session, line.readFrom, pageMessagesMax, pageBytesMax);
    const last = page.at(-1);
    if (last === undefined) {
      line.readNothing();
      return false;
    }
    line.foundThrough(last.sequence);
    for (const outgoing of page) countReleased(session, line, outgoing);
    let counted = 0;
    for (const outgoing of page) if (this.#readOne(session, line, link, outgoing)) counted++;
    line.readThrough(last.sequence, counted);
    return true;
  }

  /** False for a lease of this connection, which is in memory: its row only matters when the client comes back. */
  #readOne(session: Session, line: StoredLine, link: SessionLink, outgoing: Outgoing): boolean {
    if (!outgoing.released) {
      outgoing.dup = outgoing.sequence <= line.sentThrough;
      session.wait(outgoing);
      return true;
    }
    if (outgoing.sequence > line.takenUpThrough) return false;
    // Behind the older messages, but for those that the window has no room for [MQTT-4.9.0-3].
    this.#sendWaiting(session, link);
    encodeAck(link.transport, PacketType.pubrel, outgoing.packetId, 0, link.version);
    this.#counters.answersOut++;
    return true;
  }

  #deliverAtMostOnce(
    session: Session,
    publication: Publication,
    retain: boolean,
    properties: PublishProperties | undefined,
    shared: boolean,
  ): void {
    const link = session.link;
    if (link === undefined) {
      this.sender.drop('offline_qos0');
      return;
    }
    const plain = properties === publication.properties && properties?.messageExpiryInterval === undefined;
    if (!shared || !plain) {
      this.sender.sendAtMostOnce(link, publication, retain, properties);
      return;
    }
    this.sender.sendShared(link, publication, retain);
  }

  #deliverAcknowledged(session: Session, outgoing: Outgoing): void {
    // A lease at QoS 1 goes back to its queue when the connection ends: nothing of it is left to be stored.
    if (session.stored !== undefined && (outgoing.delivery === undefined || outgoing.qos === 2)) {
      this.#deliverStored(session, session.stored, outgoing);
      return;
    }
    const link = session.link;
    if (link !== undefined && session.waiting.size === 0 && this.sender.hasRoom(session, link)) {
      this.sender.send(session, link, outgoing);
      return;
    }
    this.#keep(session, outgoing);
  }

  #keep(session: Session, outgoing: Outgoing): void {
    if (outgoing.delivery === undefined && !this.canKeep(session, outgoing.publication))
      this.sender.drop('session_full');
    else session.wait(outgoing);
  }

  /** A session that outlives its connection has its messages on disk, unless the client acknowledges them before the batch closes. */
  #deliverStored(session: Session, line: StoredLine, outgoing: Outgoing): void {
    const isLease = outgoing.delivery !== undefined;
    if (!isLease && !this.canKeep(session, outgoing.publication)) {
      this.sender.drop('session_full');
      return;
    }
    outgoing.sequence = session.takeSequence();
    outgoing.row = this.#log.owed.store(session, outgoing);
    if (!isLease) this.#stored = true;
    const { link, waiting } = session;
    const isFull = waiting.size >= pageMessagesMax || session.waitingBytes >= pageBytesMax;
    if (!isLease && (link === undefined || !line.isTakenUp || line.onDiskAlone > 0 || isFull)) {
      line.spill(outgoing.sequence);
      return;
    }
    const isFirst = link !== undefined && line.isTakenUp && waiting.size === 0;
    if (isFirst && this.sender.hasRoom(session, link) && isReady(session, outgoing))
      this.sender.send(session, link, outgoing);
    else session.wait(outgoing);
  }
}

/** A kept session whose client is back: everything from before can be read once this receipt has come. */
class TakingUp implements ReceiptWaiter {
  readonly #deliverer: Deliverer;
  readonly #session: Session;
  readonly #link: SessionLink;
  readonly #line: StoredLine;

  constructor(deliverer: Deliverer, session: Session, link: SessionLink, line: StoredLine) {
    this.#deliverer = deliverer;
    this.#session = session;
    this.#link = link;
    this.#line = line;
  }

  /** After a failure of the storage nothing is sent: the process ends. */
  receipt(_tag: number, failure: SluiceError | undefined): void {
    if (failure !== undefined || this.#session.link !== this.#link) return;
    this.#line.isTakenUp = true;
    this.#deliverer.pump(this.#session);
  }
}

/** What the client has answered with PUBREC takes room in its window up to PUBCOMP [MQTT-3.3.4-9]: before anything is sent again. */
function countReleased(session: Session, line: StoredLine, outgoing: Outgoing): void {
  if (!outgoing.released || outgoing.sequence > line.takenUpThrough) return;
  outgoing.packetId = packetIdOf(outgoing.sequence);
  session.inflight.add(outgoing);
}

/**
 * A stored message of QoS 2 waits until it is flushed: were it sent earlier and lost in a crash, its packet id could mean
 * another message while the client still holds it. And no packet id is given out twice at once.
 */
function isReady(session: Session, outgoing: Outgoing): boolean {
  if (outgoing.sequence === 0) return true;
  if (outgoing.qos === 2 && outgoing.sequence > (session.stored?.flushedThrough ?? 0)) return false;
  return !session.inflight.has(packetIdOf(outgoing.sequence));
}

/**
 * What waited for a client is asked about again when it is back, by the rights of the new connection. A delivery that has begun
 * goes on [MQTT-4.4.0-1]; what is leased from a queue is the queue's to decide.
 */
function mayStillRead({ stored }: Session, link: SessionLink, outgoing: Outgoing): boolean {
  if (stored === undefined || outgoing.sequence > stored.takenUpThrough) return true;
  return outgoing.dup || outgoing.delivery !== undefined || link.mayRead(outgoing.publication.topic);
}

/** Read from disk at once, and held in memory for a client that is slow; more stays on disk alone. */
const pageMessagesMax = 256;
const pageBytesMax = 256 * 1024;
/** Of one session: what expired or may not be read any more takes no room in the window, and all of a long backlog may be such. */
const pagesPerTurnMax = 8;

/** The publication's own properties, with the subscription's identifier where it has one [MQTT-3.3.4-3]. */
function propertiesFor(publication: Publication, subscription: Subscription): PublishProperties | undefined {
  const identifiers = subscription.identifiers;
  if (identifiers === undefined) return publication.properties;
  return { ...publication.properties, subscriptionIdentifiers: identifiers };
}
