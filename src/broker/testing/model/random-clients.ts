import assert from 'node:assert/strict';
import type { QoS } from '../../../message.ts';
import { type ConnectPacket, PacketType, type PublishProperties } from '../../../mqtt/codec/packets.ts';
import type { Random } from '../../../std/testing/random.ts';
import type { MemoryClient } from '../memory-client.ts';
import { testLimits } from '../memory-client.ts';
import { DiskWorld } from './disk-world.ts';
import { ModelClient, type OwnPublish } from './model-client.ts';
import { ReferenceBroker } from './reference-broker.ts';
import { type ReferenceLink, type ReferenceSession, type ReferenceWill, windowOf } from './reference-session.ts';

const clientIds = ['ann', 'bob', 'cy', 'dee'];
const topics = ['a', 'a/b', 'a/b/c', '/', 'w', '$own'];
const filters = ['a', 'a/b', '+', '#', 'a/#', 'a/+', '+/+', 'w', '$own', '$own/#'];
const paddings = ['', '', '', '', 'x'.repeat(60), 'x'.repeat(48), 'x'.repeat(44)];

/** One seed is one run of clients that do what clients do, in any order, against the broker and against the reference. */
export class RandomClients {
  readonly #random: Random;
  readonly #world = new DiskWorld();
  readonly #reference: ReferenceBroker;
  readonly #clients = clientIds.map((clientId) => new ModelClient(clientId));
  /** Connections that have ended: nothing may come on them any more. */
  readonly #dead: MemoryClient[] = [];
  #published = 0;
  readonly #trace: string[] = [];

  constructor(random: Random) {
    this.#random = random;
    this.#reference = new ReferenceBroker(this.#world.clock.now());
  }

  async run(steps: number): Promise<void> {
    try {
      for (let step = 0; step < steps; step++) await this.#step();
    } catch (problem) {
      throw new Error(`${(problem as Error).message}\n${this.#trace.slice(-40).join('\n')}`, { cause: problem });
    } finally {
      await this.#world.close();
    }
  }

  async #step(): Promise<void> {
    await this.#advance(1);
    const client = this.#random.pick(this.#clients);
    if (client.isConnected) {
      const act = this.#random.choose<(client: ModelClient) => unknown>([
        [5, (one) => this.#subscribe(one)],
        [2, (one) => this.#unsubscribe(one)],
        [20, (one) => this.#publish(one)],
        [3, (one) => this.#publishAndLoseConnection(one)],
        [5, (one) => this.#release(one)],
        [20, (one) => this.#answer(one)],
        [8, (one) => this.#complete(one)],
        [1, (one) => this.#answerWhatWasNotAsked(one)],
        [2, (one) => this.#ping(one)],
        [3, (one) => this.#disconnect(one)],
        [3, (one) => this.#cut(one)],
        [2, (one) => this.#connect(one)],
        [2, (one) => this.#stick(one)],
        [3, (one) => this.#drain(one)],
        [4, () => this.#advance(this.#random.pick([700, 4_000, 31_000, 200_000]))],
        [1, () => this.#crash()],
        [0.5, () => this.#stop()],
      ]);
      await act(client);
    } else if (this.#random.chance(60)) {
      await this.#connect(client);
    }
    await this.#check();
  }

  async #check(): Promise<void> {
    await this.#world.settled();
    for (const client of this.#clients) {
      client.check(this.#reference.sessions.get(client.clientId), this.#reference.now);
      if (client.link?.hasEnded) this.#gone(client);
    }
    for (const memory of this.#dead) assert.deepEqual(memory.takeAll(), [], 'something came on a dead connection');
  }

  /** Time passes, up to each thing that happens by itself. */
  async #advance(ms: number): Promise<void> {
    const until = this.#reference.now + ms;
    while (this.#reference.nextEventAt <= until) {
      this.#tell('something falls due', `at ${this.#reference.nextEventAt - until} before the end of ${ms} ms`);
      this.#moveTo(this.#reference.nextEventAt);
      this.#reference.runEvents();
      await this.#check();
    }
    this.#moveTo(until);
  }

  #moveTo(time: number): void {
    this.#world.clock.advance(time - this.#reference.now);
    this.#reference.now = time;
  }

  async #connect(client: ModelClient): Promise<void> {
    const version = this.#random.pick([4, 5] as const);
    const cleanStart = this.#random.chance(30);
    const seconds =
      version === 4 ? (cleanStart ? 0 : Number.POSITIVE_INFINITY) : this.#random.pick([0, 10, 100, 9_999]);
    const will = this.#random.chance(40) ? this.#will(version) : undefined;
    const keepAlive = this.#random.pick([0, 0, 20]);
    const receiveMaximum = version === 5 ? this.#random.pick([undefined, 1, 2, 5]) : undefined;
    const maximumPacketSize = version === 5 && this.#random.chance(30) ? 60 : undefined;
    const topicAliasMaximum = version === 5 ? this.#random.pick([undefined, 1, 3]) : undefined;
    const link: ReferenceLink = {
      version,
      window: windowOf(receiveMaximum),
      packetBytesMax: maximumPacketSize ?? Number.POSITIVE_INFINITY,
      silenceMsMax: keepAlive === 0 ? Number.POSITIVE_INFINITY : keepAlive * 1_500,
      lastSentAt: this.#reference.now,
      isStuck: false,
      atMostOnce: [],
      control: [],
      hasEnded: false,
    };
    this.#tell(client.clientId, 'connects', {
      version,
      cleanStart,
      seconds,
      will,
      keepAlive,
      receiveMaximum,
      maximumPacketSize,
    });
    const memory = this.#world.fixture.open(version);
    const connect: Partial<ConnectPacket> = {
      clientId: client.clientId,
      cleanStart,
      keepAlive,
      will: will && {
        topic: will.topic,
        payload: Buffer.from(will.payload),
        qos: will.qos,
        retain: will.retain,
        properties: will.delaySeconds > 0 ? { willDelayInterval: will.delaySeconds } : undefined,
      },
      properties:
        version === 5
          ? { sessionExpiryInterval: seconds, receiveMaximum, maximumPacketSize, topicAliasMaximum }
          : undefined,
    };
    await memory.connect(connect);
    const expirySeconds = Math.min(seconds, testLimits.sessionExpirySecondsMax);
    const present = this.#reference.connect(client.clientId, link, cleanStart, expirySeconds, will);
    if (client.isConnected) {
      client.check(this.#reference.sessions.get(client.clientId), this.#reference.now);
      this.#gone(client);
    }
    client.opened(memory, link, present, topicAliasMaximum ?? 0);
    for (const [packetId, own] of client.own) this.#sendAgain(client, packetId, own);
  }

  #will(version: 4 | 5): ReferenceWill {
    return {
      topic: this.#random.pick(topics),
      payload: `will ${++this.#published}`,
      qos: this.#random.below(3) as QoS,
      retain: this.#random.chance(20),
      delaySeconds: version === 5 ? this.#random.pick([0, 5, 50]) : 0,
    };
  }

  /** What the server had not acknowledged when the connection ended [MQTT-4.4.0-1]. */
  #sendAgain(client: ModelClient, packetId: number, own: OwnPublish): void {
    const { now } = this.#reference;
    if (own.state === 'releasing' || (own.state === 'received' && this.#random.chance(50))) {
      this.#releaseOne(client, packetId, own);
      return;
    }
    // In state 'received' it is as if PUBREC had been lost.
    this.#tell(client.clientId, 'sends again', packetId, own);
    const sent = client.link?.version === 4 ? { ...own, properties: undefined } : own;
    client.publish(packetId, sent, own.topic, true, now);
    this.#reached(client, packetId, sent, true);
  }

  #subscribe(client: ModelClient): void {
    const { link, session } = this.#of(client);
    // Retained messages wait while the socket is full or the client lags, and the reference knows nothing of that.
    if (link.isStuck || session.owed.length > 20) return;
    const identifier = link.version === 5 && this.#random.chance(40) ? this.#random.between(1, 9) : undefined;
    const subscriptions = this.#random.list(1, 2, () => ({
      filter: this.#random.pick(filters),
      qos: this.#random.below(3) as QoS,
      noLocal: link.version === 5 && this.#random.chance(20),
      retainAsPublished: link.version === 5 && this.#random.chance(30),
      retainHandling: this.#retainHandling(link),
    }));
    const filtersOnce = new Set(subscriptions.map(({ filter }) => filter));
    if (filtersOnce.size < subscriptions.length) return;
    this.#tell(client.clientId, 'subscribes', identifier, subscriptions);
    const packetId = this.#random.between(1_000, 2_000);
    const properties = identifier === undefined ? undefined : { subscriptionIdentifier: identifier };
    client.send({ type: PacketType.subscribe, packetId, subscriptions, properties }, this.#reference.now);
    link.control.push(`suback ${packetId} ${subscriptions.map(({ qos }) => qos).join(' ')}`);
    for (const { retainHandling, ...subscription } of subscriptions)
      this.#reference.subscribe(session, { ...subscription, identifier }, retainHandling);
  }

  /** Retained messages come in any order: which of those that are too large were dropped when the window was full, nobody can know. */
  #retainHandling({ version, packetBytesMax }: ReferenceLink): 0 | 1 | 2 {
    if (version === 4) return 0;
    return packetBytesMax < Number.POSITIVE_INFINITY ? 2 : this.#random.pick([0, 1, 2] as const);
  }

  #unsubscribe(client: ModelClient): void {
    const { link, session } = this.#of(client);
    const filter = this.#random.pick(filters);
    const packetId = this.#random.between(1_000, 2_000);
    this.#tell(client.clientId, 'unsubscribes', filter);
    client.send(
      { type: PacketType.unsubscribe, packetId, filters: [filter], properties: undefined },
      this.#reference.now,
    );
    const code = session.subscriptions.delete(filter) ? 0 : 0x11;
    link.control.push(link.version === 5 ? `unsuback ${packetId} ${code}` : `unsuback ${packetId}`);
  }

  #publish(client: ModelClient): void {
    for (let more = this.#random.between(1, 3); more > 0; more--) this.#publishOne(client, true);
  }

  #publishOne(client: ModelClient, isAnswered: boolean): void {
    const { link } = this.#of(client);
    // The server's Receive Maximum.
    const qos = client.own.size < testLimits.receiveMaximum ? (this.#random.below(3) as QoS) : 0;
    const retain = this.#random.chance(20);
    const payload = retain && this.#random.chance(30) ? '' : `${++this.#published}${this.#random.pick(paddings)}`;
    const expiry = link.version === 5 && this.#random.chance(20) ? this.#random.pick([5, 50]) : undefined;
    const { topic, sentTopic, topicAlias } = this.#topic(client, link);
    const properties: PublishProperties | undefined =
      expiry === undefined && topicAlias === undefined ? undefined : { messageExpiryInterval: expiry, topicAlias };
    const kept = expiry === undefined ? undefined : { messageExpiryInterval: expiry };
    const own: OwnPublish = { topic, payload, qos, retain, properties: kept, state: 'published' };
    const packetId = qos > 0 ? client.freePacketId() : 0;
    this.#tell(client.clientId, 'publishes', packetId, own);
    if (qos > 0) client.own.set(packetId, own);
    client.publish(packetId, { ...own, properties }, sentTopic, false, this.#reference.now);
    this.#reached(client, packetId, own, isAnswered);
  }

  #topic(client: ModelClient, link: ReferenceLink): { topic: string; sentTopic: string; topicAlias?: number } {
    const topic = this.#random.pick(topics);
    if (link.version === 4 || this.#random.chance(70)) return { topic, sentTopic: topic };
    const topicAlias = this.#random.between(1, testLimits.topicAliasMax);
    const known = client.aliases.get(topicAlias);
    if (known !== undefined && this.#random.chance(60)) return { topic: known, sentTopic: '', topicAlias };
    client.aliases.set(topicAlias, topic);
    return { topic, sentTopic: topic, topicAlias };
  }

  /** What the reference makes of a publish that reached the server. */
  #reached(client: ModelClient, packetId: number, own: OwnPublish, isAnswered: boolean): void {
    const { link, session } = this.#of(client);
    const code = link.version === 5 && !this.#reference.isSubscribed(own.topic) ? 0x10 : 0;
    if (isAnswered && own.qos === 1) link.control.push(`puback ${packetId} ${code}`);
    if (isAnswered && own.qos === 2) link.control.push(`pubrec ${packetId} 0`);
    if (own.qos === 2 && session.received.has(packetId)) return;
    if (own.qos === 2) session.received.add(packetId);
    const seconds = own.properties?.messageExpiryInterval ?? Number.POSITIVE_INFINITY;
    const { topic, payload, qos, retain } = own;
    const expiresAt = this.#reference.now + seconds * 1_000;
    this.#reference.publish({ topic, payload, qos, retain, publisher: client.clientId, expiresAt });
  }

  /** The socket breaks before any answer can leave. */
  #publishAndLoseConnection(client: ModelClient): void {
    const { link, session } = this.#of(client);
    // What was too large for it is dropped where it was due in this turn, and nobody can know.
    if (link.packetBytesMax < Number.POSITIVE_INFINITY) return;
    for (let more = this.#random.between(1, 3); more > 0; more--) this.#publishOne(client, false);
    // What was written to it in this turn has not arrived either, but the server knows nothing of that.
    for (const owed of session.owed) owed.mayComeWithDup = true;
    link.atMostOnce.length = 0;
    client.memory?.takeAll();
    this.#cutOne(client, session);
  }

  #release(client: ModelClient): void {
    const ready = [...client.own].filter(([, { state }]) => state === 'received');
    if (ready.length > 0) this.#releaseOne(client, ...this.#random.pick(ready));
  }

  #releaseOne(client: ModelClient, packetId: number, own: OwnPublish): void {
    const { link, session } = this.#of(client);
    this.#tell(client.clientId, 'releases', packetId);
    own.state = 'releasing';
    client.acknowledge(PacketType.pubrel, packetId, 0, this.#reference.now);
    const isKnown = session.received.delete(packetId);
    link.control.push(`pubcomp ${packetId} ${isKnown || link.version === 4 ? 0 : 0x92}`);
  }

  /** PUBACK or PUBREC for one of those that came, not always in their order. */
  #answer(client: ModelClient): void {
    const { link, session } = this.#of(client);
    if (client.unanswered.length === 0) return;
    const at = this.#random.chance(60) ? 0 : this.#random.below(client.unanswered.length);
    const [{ packetId, qos }] = client.unanswered.splice(at, 1);
    const owed = session.owed.find((one) => one.packetId === packetId && one.state === 'sent');
    assert.ok(owed, `packet id ${packetId} is under way`);
    const code = link.version === 5 && this.#random.chance(5) ? 0x80 : 0;
    this.#tell(client.clientId, 'answers', packetId, `qos ${qos}`, code);
    client.acknowledge(qos === 1 ? PacketType.puback : PacketType.pubrec, packetId, code, this.#reference.now);
    if (qos === 2 && code === 0) {
      owed.state = 'released';
      link.control.push(`pubrel ${packetId} 0`);
    } else {
      session.done(owed);
      client.refuses(packetId);
    }
  }

  #complete(client: ModelClient): void {
    const { session } = this.#of(client);
    const packetId = client.uncompleted.shift();
    if (packetId === undefined) return;
    this.#tell(client.clientId, 'completes', packetId);
    client.acknowledge(PacketType.pubcomp, packetId, 0, this.#reference.now);
    const owed = session.owed.find((one) => one.packetId === packetId && one.state === 'released');
    if (owed !== undefined) session.done(owed);
  }

  #answerWhatWasNotAsked(client: ModelClient): void {
    const { link } = this.#of(client);
    const { now } = this.#reference;
    const code = link.version === 5 ? 0x92 : 0;
    client.acknowledge(PacketType.puback, 60_000, 0, now);
    client.acknowledge(PacketType.pubcomp, 60_001, 0, now);
    client.acknowledge(PacketType.pubrec, 60_002, 0, now);
    client.acknowledge(PacketType.pubrel, 60_003, 0, now);
    link.control.push(`pubrel 60002 ${code}`, `pubcomp 60003 ${code}`);
  }

  #ping(client: ModelClient): void {
    client.send({ type: PacketType.pingreq }, this.#reference.now);
    this.#of(client).link.control.push('pingresp');
  }

  #disconnect(client: ModelClient): void {
    const { link, session } = this.#of(client);
    const reasonCode = link.version === 5 && this.#random.chance(30) ? 0x04 : 0;
    const seconds =
      link.version === 5 && session.expirySeconds > 0 && this.#random.chance(30)
        ? this.#random.pick([0, 20])
        : undefined;
    this.#tell(client.clientId, 'disconnects', reasonCode, seconds);
    const properties = seconds === undefined ? undefined : { sessionExpiryInterval: seconds };
    client.send({ type: PacketType.disconnect, reasonCode, properties }, this.#reference.now);
    link.hasEnded = true;
    session.expirySeconds = seconds ?? session.expirySeconds;
    this.#reference.leave(session, reasonCode === 0x04);
  }

  #cut(client: ModelClient): void {
    this.#cutOne(client, this.#of(client).session);
  }

  #cutOne(client: ModelClient, session: ReferenceSession): void {
    this.#tell(client.clientId, 'loses its connection');
    client.memory?.cut();
    this.#reference.leave(session, true);
    this.#gone(client);
  }

  #stick(client: ModelClient): void {
    const { link } = this.#of(client);
    if (client.memory === undefined) return;
    this.#tell(client.clientId, 'takes nothing any more');
    client.memory.stuckBytes = testLimits.outputBytesMax + 1;
    link.isStuck = true;
  }

  #drain(client: ModelClient): void {
    const { link } = this.#of(client);
    if (client.memory === undefined || !link.isStuck) return;
    this.#tell(client.clientId, 'takes what waited');
    client.memory.stuckBytes = 0;
    link.isStuck = false;
    client.memory.drained();
  }

  async #crash(): Promise<void> {
    this.#tell('the server', 'crashes');
    await this.#world.crash();
    this.#dead.length = 0;
    for (const client of this.#clients) client.closed();
    this.#reference.crash();
  }

  /** The server takes leave of everybody, and then starts again. */
  async #stop(): Promise<void> {
    this.#tell('the server', 'stops');
    this.#world.fixture.broker.sayGoodbye();
    for (const session of [...this.#reference.sessions.values()])
      if (session.link !== undefined) this.#reference.leave(session, true);
    await this.#world.settled();
    for (const { memory, link } of this.#clients) {
      if (memory === undefined || link === undefined) continue;
      // Wills of others may have come before the end, or are owed; which of them depends on the order of leave-taking.
      const last = memory.takeAll().at(-1);
      assert.equal(memory.ended, true, 'a connection outlives the server');
      if (link.version === 5)
        assert.equal(last !== undefined && 'reasonCode' in last ? last.reasonCode : undefined, 0x8b);
    }
    for (const { owed } of this.#reference.sessions.values()) for (const one of owed) one.mayComeWithDup = true;
    await this.#crash();
  }

  #gone(client: ModelClient): void {
    if (client.memory !== undefined) this.#dead.push(client.memory);
    client.closed();
  }

  #of(client: ModelClient): { link: ReferenceLink; session: ReferenceSession } {
    const session = this.#reference.sessions.get(client.clientId);
    const link = session?.link;
    assert.ok(session !== undefined && link !== undefined && link === client.link, `${client.clientId} is connected`);
    return { link, session };
  }

  #tell(who: string, ...what: unknown[]): void {
    const now = this.#reference.now % 10_000_000;
    this.#trace.push(
      `${now}: ${who} ${what.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' ')}`,
    );
  }
}
