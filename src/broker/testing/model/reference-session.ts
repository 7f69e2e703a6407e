import type { QoS } from '../../../message.ts';
import { publishSize } from '../../../mqtt/codec/encode-publish.ts';
import type { ProtocolVersion, PublishProperties } from '../../../mqtt/codec/packets.ts';
import { testLimits } from '../broker-fixture.ts';

export interface ReferenceMessage {
  readonly topic: string;
  /** Different for each publish. */
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly publisher: string;
  /** Epoch milliseconds; infinite where it does not expire. */
  readonly expiresAt: number;
}

export interface ReferenceSubscription {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly identifier: number | undefined;
}

export interface ReferenceWill {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly delaySeconds: number;
}

/** A message on its way to one client. */
export interface Owed {
  readonly message: ReferenceMessage;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  /** Messages of one group may come in any order. */
  readonly group: string;
  state: 'waiting' | 'sent' | 'released';
  packetId: number;
  /** Sent on an earlier connection: it comes again under its packet id, with DUP. */
  sentBefore: boolean;
  /** After a crash the server need not know whether it was sent. */
  mayComeWithDup: boolean;
}

/** A connection as the server should see it. */
export interface ReferenceLink {
  readonly version: ProtocolVersion;
  readonly window: number;
  readonly packetBytesMax: number;
  /** Infinite without keep-alive. */
  readonly silenceMsMax: number;
  lastSentAt: number;
  /** Its socket takes nothing. */
  isStuck: boolean;
  /** QoS 0 messages that must come in this step. */
  readonly atMostOnce: Owed[];
  /** Everything but PUBLISH that must come in this step. */
  readonly control: string[];
  /** Whether the server must have ended it in this step. */
  hasEnded: boolean;
}

/** What the server should keep for a client id. */
export class ReferenceSession {
  readonly clientId: string;
  readonly subscriptions = new Map<string, ReferenceSubscription>();
  /** QoS 1 and 2, in the order in which they come. */
  readonly owed: Owed[] = [];
  /** Packet ids of QoS 2 messages from the client that were not released. */
  readonly received = new Set<number>();
  link: ReferenceLink | undefined;
  will: ReferenceWill | undefined;
  /** When the will is due, epoch milliseconds. */
  willAt = Number.POSITIVE_INFINITY;
  expirySeconds: number;
  endedAt = Number.POSITIVE_INFINITY;
  /** Whether it was to outlive a connection, ever: it is on disk from then on. */
  isStored: boolean;

  constructor(clientId: string, expirySeconds: number) {
    this.clientId = clientId;
    this.expirySeconds = expirySeconds;
    this.isStored = expirySeconds > 0;
  }

  get expiresAt(): number {
    return this.link === undefined ? this.endedAt + this.expirySeconds * 1_000 : Number.POSITIVE_INFINITY;
  }

  get inflight(): number {
    return this.owed.filter(({ state }) => state !== 'waiting').length;
  }

  expect(owed: Owed, now: number): void {
    if (owed.qos > 0) this.owed.push(owed);
    else if (this.link !== undefined && !this.link.isStuck && !isDropped(owed, this.link, now)) {
      this.link.atMostOnce.push(owed);
    }
  }

  /**
   * The messages one of which may come next, when there is room: those of one group, and before them those that may be
   * dropped. What must be dropped is gone.
   */
  next(now: number): Owed[] {
    const { link } = this;
    const next: Owed[] = [];
    if (link === undefined) return next;
    for (const owed of [...this.owed]) {
      if (owed.state !== 'waiting') continue;
      if (isDropped(owed, link, now)) this.done(owed);
      else if (mayBeDropped(owed, now)) next.push(owed);
      else return [...next, ...this.owed.filter(({ state, group }) => state === 'waiting' && group === owed.group)];
    }
    return next;
  }

  /** Came next: what might have come before was dropped. */
  came(owed: Owed, now: number): void {
    const optional = this.next(now).filter((one) => mayBeDropped(one, now));
    for (const one of optional) if (this.owed.indexOf(one) < this.owed.indexOf(owed)) this.done(one);
    // The first of its group from now on: it keeps its place when it is sent again.
    const first = this.owed.findIndex(({ state, group }) => state === 'waiting' && group === owed.group);
    this.done(owed);
    this.owed.splice(first, 0, owed);
    owed.state = 'sent';
  }

  done(owed: Owed): void {
    this.owed.splice(this.owed.indexOf(owed), 1);
  }

  /** The connection is gone: what was sent and not acknowledged is sent again. */
  left(now: number): void {
    this.link = undefined;
    this.endedAt = now;
    for (const owed of this.owed) {
      if (owed.state === 'released') continue;
      owed.sentBefore ||= owed.state === 'sent';
      owed.state = 'waiting';
    }
  }
}

/** A message that has expired, and whose delivery may have begun or not: nobody can know. */
export function mayBeDropped({ message, mayComeWithDup, sentBefore }: Owed, now: number): boolean {
  return mayComeWithDup && !sentBefore && message.expiresAt <= now;
}

/** Delivery that has begun goes on [MQTT-4.4.0-1], but not past the client's Maximum Packet Size [MQTT-3.1.2-24]. */
function isDropped(owed: Owed, link: ReferenceLink, now: number): boolean {
  if (owed.message.expiresAt <= now && !owed.sentBefore && !owed.mayComeWithDup) return true;
  const { topic, payload } = owed.message;
  return (
    publishSize(topic, Buffer.byteLength(payload), propertiesOf(owed), owed.qos, link.version) > link.packetBytesMax
  );
}

function propertiesOf({ message, identifiers }: Owed): PublishProperties {
  return {
    ...(message.expiresAt < Number.POSITIVE_INFINITY ? { messageExpiryInterval: 1 } : {}),
    ...(identifiers.length > 0 ? { subscriptionIdentifiers: identifiers } : {}),
  };
}

export function windowOf(receiveMaximum: number | undefined): number {
  return Math.min(receiveMaximum ?? 0xffff, testLimits.inflightMax);
}
