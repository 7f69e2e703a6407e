import type { QoS } from '../../../message.ts';
import { filterMatches } from '../../../mqtt/topics/match.ts';
import {
  type Owed,
  type ReferenceLink,
  type ReferenceMessage,
  ReferenceSession,
  type ReferenceSubscription,
  type ReferenceWill,
} from './reference-session.ts';

/** What a broker of MQTT should do, in as few words as can be: no limits, no disk, no bytes. */
export class ReferenceBroker {
  now: number;
  readonly sessions = new Map<string, ReferenceSession>();
  readonly retained = new Map<string, ReferenceMessage>();
  #groups = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** Answers whether the session was there [MQTT-3.2.2-2..3]. */
  connect(
    clientId: string,
    link: ReferenceLink,
    cleanStart: boolean,
    expirySeconds: number,
    will: ReferenceWill | undefined,
  ): boolean {
    const holder = this.sessions.get(clientId);
    if (holder?.link !== undefined) {
      if (holder.link.version === 5) holder.link.control.push('disconnect 142');
      holder.link.hasEnded = true;
      this.leave(holder, true);
    }
    const kept = this.sessions.get(clientId);
    if (kept !== undefined && cleanStart) this.#end(kept);
    const isPresent = kept !== undefined && !cleanStart;
    const session = isPresent ? kept : new ReferenceSession(clientId, expirySeconds);
    this.sessions.set(clientId, session);
    session.expirySeconds = expirySeconds;
    session.isStored ||= expirySeconds > 0;
    session.will = will;
    session.willAt = Number.POSITIVE_INFINITY;
    session.endedAt = Number.POSITIVE_INFINITY;
    session.link = link;
    link.control.push(`connack ${isPresent} 0`);
    for (const { state, packetId } of session.owed) if (state === 'released') link.control.push(`pubrel ${packetId} 0`);
    return isPresent;
  }

  /** The connection is gone; `withWill` unless the client took it away. */
  leave(session: ReferenceSession, withWill: boolean): void {
    session.left(this.now);
    if (!withWill) session.will = undefined;
    this.#willDue(session);
    if (session.expirySeconds === 0) this.#end(session);
  }

  /** The process died when all was flushed; what it knew of sessions that no one wanted kept died with it. */
  crash(): void {
    const sessions = [...this.sessions.values()];
    for (const session of sessions) {
      if (!session.isStored) this.sessions.delete(session.clientId);
      else if (session.link !== undefined) session.left(this.now);
      for (const owed of session.owed) owed.mayComeWithDup = true;
    }
    for (const session of this.sessions.values()) if (session.endedAt === this.now) this.#willDue(session);
    for (const session of [...this.sessions.values()]) if (session.expirySeconds === 0) this.#end(session);
  }

  subscribe(session: ReferenceSession, subscription: ReferenceSubscription, retainHandling: number): void {
    const isNew = !session.subscriptions.has(subscription.filter);
    session.subscriptions.set(subscription.filter, subscription);
    if (retainHandling === 2 || (retainHandling === 1 && !isNew)) return;
    const group = this.#newGroup();
    for (const message of this.retained.values()) {
      if (message.expiresAt <= this.now || !filterMatches(subscription.filter, message.topic)) continue;
      session.expect(owed(message, [subscription], true, group), this.now);
    }
  }

  /** Whether anybody subscribes to the topic. */
  isSubscribed(topic: string): boolean {
    const sessions = [...this.sessions.values()];
    return sessions.some(({ subscriptions }) =>
      [...subscriptions.keys()].some((filter) => filterMatches(filter, topic)),
    );
  }

  publish(message: ReferenceMessage, group = this.#newGroup()): void {
    for (const session of this.sessions.values()) {
      const matching = [...session.subscriptions.values()].filter(
        ({ filter, noLocal }) =>
          filterMatches(filter, message.topic) && !(noLocal && session.clientId === message.publisher),
      );
      if (matching.length === 0) continue;
      const retain = message.retain && matching.some(({ retainAsPublished }) => retainAsPublished);
      session.expect(owed(message, matching, retain, group), this.now);
    }
    if (!message.retain) return;
    if (message.payload === '') this.retained.delete(message.topic);
    else this.retained.set(message.topic, message);
  }

  /** When something happens by itself next, epoch milliseconds. */
  get nextEventAt(): number {
    return Math.min(...[...this.sessions.values()].map((session) => Math.min(timeoutAt(session), dueAt(session))));
  }

  /** Whatever is due now, and was not before. */
  runEvents(): void {
    for (const session of [...this.sessions.values()]) {
      const { link } = session;
      if (link !== undefined && timeoutAt(session) <= this.now) {
        if (link.version === 5) link.control.push('disconnect 141');
        link.hasEnded = true;
        this.leave(session, true);
      }
      if (session.willAt <= this.now) this.#publishWill(session);
      if (session.expiresAt <= this.now) this.#end(session);
    }
  }

  #willDue(session: ReferenceSession): void {
    if (session.will === undefined) return;
    const delaySeconds = Math.min(session.will.delaySeconds, session.expirySeconds);
    if (delaySeconds === 0) this.#publishWill(session);
    else session.willAt = session.endedAt + delaySeconds * 1_000;
  }

  #end(session: ReferenceSession): void {
    if (this.sessions.get(session.clientId) !== session) return;
    this.sessions.delete(session.clientId);
    if (session.willAt < Number.POSITIVE_INFINITY) this.#publishWill(session);
  }

  #publishWill(session: ReferenceSession): void {
    const { will } = session;
    session.will = undefined;
    session.willAt = Number.POSITIVE_INFINITY;
    if (will === undefined) return;
    const { delaySeconds: _, ...content } = will;
    const message = { ...content, publisher: session.clientId, expiresAt: Number.POSITIVE_INFINITY };
    // Wills that fall due at one time are published in any order.
    this.publish(message, `wills at ${this.now}`);
  }

  #newGroup(): string {
    return `${++this.#groups}`;
  }
}

function timeoutAt({ link }: ReferenceSession): number {
  return link === undefined ? Number.POSITIVE_INFINITY : link.lastSentAt + link.silenceMsMax;
}

function dueAt(session: ReferenceSession): number {
  return Math.min(session.willAt, session.expiresAt);
}

function owed(
  message: ReferenceMessage,
  matching: readonly ReferenceSubscription[],
  retain: boolean,
  group: string,
): Owed {
  const highest = Math.max(...matching.map(({ qos }) => qos));
  return {
    message,
    qos: Math.min(message.qos, highest) as QoS,
    retain,
    identifiers: matching.flatMap(({ identifier }) => identifier ?? []),
    group,
    state: 'waiting',
    packetId: 0,
    sentBefore: false,
    mayComeWithDup: false,
  };
}
