import assert from 'node:assert/strict';
import type { QoS } from '../../../message.ts';
import { publishSize } from '../../../mqtt/codec/encode-publish.ts';
import { type AckPacket, type ControlPacket, PacketType, type PublishProperties } from '../../../mqtt/codec/packets.ts';
import type { MemoryClient, Received, ReceivedPublish } from '../memory-client.ts';
import { mayBeDropped, type Owed, type ReferenceLink, type ReferenceSession } from './reference-session.ts';

/** A publish of the client that the server has not taken over to the end. */
export interface OwnPublish {
  readonly topic: string;
  readonly payload: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: PublishProperties | undefined;
  /** Whether PUBREL is due, or PUBLISH again. */
  state: 'published' | 'received' | 'releasing';
}

/** A client and its connection, which checks all that comes against what the reference says must come. */
export class ModelClient {
  readonly clientId: string;
  memory: MemoryClient | undefined;
  link: ReferenceLink | undefined;
  /** Topic aliases that it set. */
  readonly aliases = new Map<number, string>();
  readonly own = new Map<number, OwnPublish>();
  /** QoS 2 payloads that it has, by packet id, until PUBREL [MQTT-4.3.3-10]. */
  /** Topic aliases that the server set, and how many it may. */
  readonly #serverAliases = new Map<number, string>();
  #serverAliasMax = 0;
  readonly #holds = new Map<number, string>();
  /** What it has not answered yet. */
  unanswered: { packetId: number; qos: number }[] = [];
  uncompleted: number[] = [];
  /** QoS 2 messages that it took. */
  readonly #taken = new WeakSet<Owed>();

  constructor(clientId: string) {
    this.clientId = clientId;
  }

  get isConnected(): boolean {
    return this.link !== undefined;
  }

  /** `topicAliasMaximum`: what it told the server. */
  opened(memory: MemoryClient, link: ReferenceLink, sessionPresent: boolean, topicAliasMaximum: number): void {
    this.memory = memory;
    this.link = link;
    this.aliases.clear();
    this.#serverAliases.clear();
    this.#serverAliasMax = topicAliasMaximum;
    this.unanswered = [];
    this.uncompleted = [];
    if (sessionPresent) return;
    this.own.clear();
    this.#holds.clear();
  }

  closed(): void {
    this.memory = undefined;
    this.link = undefined;
  }

  send(packet: ControlPacket, now: number): void {
    this.#connected().lastSentAt = now;
    this.memory?.send(packet);
  }

  acknowledge(type: AckPacket['type'], packetId: number, reasonCode: number, now: number): void {
    this.send({ type, packetId, reasonCode, properties: undefined }, now);
  }

  publish(packetId: number, publish: OwnPublish, topic: string, dup: boolean, now: number): void {
    const { payload, qos, retain, properties } = publish;
    this.#connected().lastSentAt = now;
    this.memory?.publish(topic, payload, { qos, retain, dup, packetId, properties });
  }

  freePacketId(): number {
    let packetId = 1;
    while (this.own.has(packetId)) packetId++;
    return packetId;
  }

  /** The client will not take the message, and forgets it. */
  refuses(packetId: number): void {
    this.#holds.delete(packetId);
  }

  /** Takes everything that came and compares it with what must have come. */
  check(session: ReferenceSession | undefined, now: number): void {
    const { memory, link } = this;
    if (memory === undefined || link === undefined) return;
    const control: string[] = [];
    for (const packet of memory.takeAll()) {
      assert.ok(!control.at(-1)?.startsWith('disconnect'), `${formatted(packet)} came behind DISCONNECT`);
      if (packet.type === PacketType.publish) {
        assert.ok(session?.link === link, `${formatted(packet)} came on a connection that had ended`);
        this.#arrived(this.#withTopic(packet as ReceivedPublish, link), session, link, now);
      } else {
        control.push(formatted(packet));
        this.#controlled(packet, session);
      }
    }
    assert.deepEqual(control.toSorted(), link.control.toSorted(), 'control packets');
    assert.deepEqual(control.filter(isReceipt), link.control.filter(isReceipt), 'order of PUBACK and PUBREC');
    assert.deepEqual(link.atMostOnce.map(told), [], 'QoS 0 messages did not come');
    assert.equal(memory.ended, link.hasEnded, 'end of the connection');
    link.control.length = 0;
    if (session?.link === link) checkNothingIsDue(session, link, now);
  }

  /** The packet with its topic, which may have come as an alias. */
  #withTopic(packet: ReceivedPublish, link: ReferenceLink): ReceivedPublish {
    const { topic, payload, properties, qos } = packet;
    const bytes = publishSize(topic, Buffer.byteLength(payload), properties, qos as QoS, link.version);
    assert.ok(
      bytes <= link.packetBytesMax,
      `${formatted(packet)} has ${bytes} bytes, more than ${link.packetBytesMax}`,
    );
    const alias = properties?.topicAlias;
    if (alias === undefined) return packet;
    assert.ok(alias <= this.#serverAliasMax, `topic alias ${alias} is more than ${this.#serverAliasMax}`);
    if (topic !== '') this.#serverAliases.set(alias, topic);
    const known = this.#serverAliases.get(alias);
    assert.ok(known !== undefined, `topic alias ${alias} was not set`);
    return { ...packet, topic: known };
  }

  #arrived(packet: ReceivedPublish, session: ReferenceSession, link: ReferenceLink, now: number): void {
    const candidates = packet.qos === 0 ? firstGroup(link.atMostOnce) : session.next(now);
    const owed = candidates.find((one) => {
      const { topic, payload } = one.message;
      // What has expired comes only where its delivery had begun.
      if (!packet.dup && mayBeDropped(one, now)) return false;
      return topic === packet.topic && payload === packet.payload && one.qos === packet.qos;
    });
    assert.ok(owed, `${formatted(packet)} came, and not one of ${candidates.map(told)}`);
    checkProperties(packet, owed, link, now);
    assert.ok(!link.isStuck, `${formatted(packet)} was written to a socket that takes nothing`);
    if (packet.qos === 0) {
      assert.equal(packet.dup, false, `DUP of ${told(owed)}`);
      link.atMostOnce.splice(link.atMostOnce.indexOf(owed), 1);
      return;
    }
    assert.ok(session.inflight < link.window, `${formatted(packet)} came beyond the window of ${link.window}`);
    if (!owed.mayComeWithDup || owed.sentBefore) assert.equal(packet.dup, owed.sentBefore, `DUP of ${told(owed)}`);
    if (owed.sentBefore) assert.equal(packet.packetId, owed.packetId, `packet id of ${told(owed)}`);
    else {
      const other = session.owed.find(({ packetId }) => packetId === packet.packetId);
      assert.equal(other, undefined, `packet id ${packet.packetId} of ${told(owed)} is in use`);
    }
    session.came(owed, now);
    owed.packetId = packet.packetId;
    this.unanswered.push({ packetId: packet.packetId, qos: packet.qos });
    if (packet.qos === 2) this.#take(packet, owed);
  }

  /** Exactly once: a message under a packet id that the client holds is the same one again. */
  #take(packet: ReceivedPublish, owed: Owed): void {
    const held = this.#holds.get(packet.packetId);
    if (held !== undefined) {
      assert.equal(packet.payload, held, `packet id ${packet.packetId} was not released`);
      return;
    }
    assert.ok(!this.#taken.has(owed), `${told(owed)} came twice`);
    this.#taken.add(owed);
    this.#holds.set(packet.packetId, packet.payload);
  }

  #controlled(packet: Received, session: ReferenceSession | undefined): void {
    if (packet.type === PacketType.pubrel) {
      const isReleased = session?.owed.some(
        ({ packetId, state }) => packetId === packet.packetId && state === 'released',
      );
      if (isReleased && !this.uncompleted.includes(packet.packetId)) this.uncompleted.push(packet.packetId);
      this.#holds.delete(packet.packetId);
    } else if (packet.type === PacketType.puback || packet.type === PacketType.pubcomp) {
      this.own.delete(packet.packetId);
    } else if (packet.type === PacketType.pubrec) {
      const own = this.own.get(packet.packetId);
      if (own !== undefined) own.state = 'received';
    }
  }

  #connected(): ReferenceLink {
    assert.ok(this.link !== undefined, `${this.clientId} is not connected`);
    return this.link;
  }
}

function checkProperties(packet: ReceivedPublish, owed: Owed, link: ReferenceLink, now: number): void {
  assert.equal(packet.retain, owed.retain, `retain flag of ${told(owed)}`);
  if (link.version === 4) return;
  const { messageExpiryInterval, subscriptionIdentifiers = [] } = packet.properties ?? {};
  const { expiresAt } = owed.message;
  const left = expiresAt === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.ceil((expiresAt - now) / 1_000));
  assert.equal(messageExpiryInterval, left, `message expiry interval of ${told(owed)}`);
  assert.deepEqual(subscriptionIdentifiers.toSorted(), owed.identifiers.toSorted(), `identifiers of ${told(owed)}`);
}

function checkNothingIsDue(session: ReferenceSession, link: ReferenceLink, now: number): void {
  if (link.isStuck || session.inflight >= link.window) return;
  const due = session.next(now).filter((owed) => !mayBeDropped(owed, now));
  assert.deepEqual(due.map(told), [], `messages did not come, and the window of ${link.window} has room`);
}

function firstGroup(owed: readonly Owed[]): Owed[] {
  return owed.filter(({ group }) => group === owed[0].group);
}

function isReceipt(control: string): boolean {
  return control.startsWith('puback') || control.startsWith('pubrec');
}

const names = new Map(Object.entries(PacketType).map(([name, type]) => [type as number, name]));

/** A packet in a line, as the reference spells it. */
function formatted(packet: Received): string {
  const name = names.get(packet.type) as string;
  if (packet.type === PacketType.publish) {
    const { topic, payload, qos, packetId, dup } = packet as ReceivedPublish;
    return `publish ${packetId} ${topic} "${payload}" qos ${qos}${dup ? ' dup' : ''}`;
  }
  const sessionPresent = 'sessionPresent' in packet ? [packet.sessionPresent] : [];
  const packetId = 'packetId' in packet ? [packet.packetId] : [];
  const code = 'reasonCode' in packet ? [packet.reasonCode] : [];
  const codes = 'reasonCodes' in packet ? packet.reasonCodes : [];
  return [name, ...sessionPresent, ...packetId, ...code, ...codes].join(' ');
}

function told({ message, qos, packetId, group }: Owed): string {
  return `${message.topic} "${message.payload}" qos ${qos} id ${packetId} of group ${group}`;
}
