import type { AuthenticationExchange, Credentials, Identity } from '../access/access.ts';
import { errorCatalogue, type SluiceError } from '../errors.ts';
import type { ChildDevice } from '../message.ts';
import { encodePacket } from '../mqtt/codec/encode.ts';
import { type ControlPacket, PacketType, type ProtocolVersion, type ReasonProperties } from '../mqtt/codec/packets.ts';
import { ByteWriter } from '../std/bytes.ts';
import type { Timer } from '../std/clock.ts';
import { LazyMap } from '../std/lazy-map.ts';
import type { RateBucket } from '../std/rate-bucket.ts';
import { type AcknowledgedLink, Acknowledger } from './acknowledge.ts';
import { AliasesIn } from './aliases-in.ts';
import type { AliasesOut } from './aliases-out.ts';
import { type Claimant, claimBounds } from './claims.ts';
import { type CompletedLink, Completion } from './completion.ts';
import { Congestion, type Holdable } from './congestion.ts';
import type { BrokerContext } from './context.ts';
import { type BrokerCounters, countReason, type PauseCause } from './counters.ts';
import { Greetings } from './greetings.ts';
import type { Watched } from './keep-alive.ts';
import type { QueueSubscription } from './queue-subscription.ts';
import type { RightsHolder } from './rights-watch.ts';
import type { Session } from './session.ts';
import { TopicCache, type TopicRights, topicRights } from './topic-cache.ts';
import type { Transport } from './transport.ts';
import { Unacknowledged } from './unacknowledged.ts';

/**
 * `authenticating`: the server finds out who the client is; `exchanging`: it waits for the client's next AUTH; `claiming`: the
 * client is nobody, and asks to become a device.
 */
export type Phase = 'awaiting-connect' | 'authenticating' | 'exchanging' | 'claiming' | 'connected' | 'closed';

/** Characters; three bytes each at most. */
export const reasonStringMax = 1_024;

/** Enhanced authentication (MQTT 5, section 4.12) of one connection. */
export interface Authentication {
  readonly method: string;
  readonly credentials: Credentials;
  /** The login, or one anew on an open connection. */
  running: RunningExchange | undefined;
}

export interface RunningExchange {
  readonly exchange: AuthenticationExchange;
  /** Whether a step is not done yet. */
  isBusy: boolean;
  done(identity: Identity, data: Buffer | undefined): void;
  failed(problem: SluiceError): void;
}

/** What CONNECT settled. */
export interface ConnectedState {
  readonly identity: Identity;
  readonly session: Session;
  readonly window: number;
}

/** One client's connection: its state, and what may be done to it. What its packets do stands in `handlers/`. */
export class Connection implements AcknowledgedLink, CompletedLink, Watched, Holdable, RightsHolder {
  readonly context: BrokerContext;
  readonly transport: Transport;
  readonly acknowledger: Acknowledger = new Acknowledger(this);
  readonly completion: Completion;
  readonly congestion: Congestion;
  readonly greetings: Greetings;
  /** Topics by alias, as the client set them. */
  readonly aliases = new AliasesIn();
  readonly queueSubscriptions = new LazyMap<string, QueueSubscription>();
  /** Made for its first request to extend leases. */
  extensionLooks: RateBucket | undefined;
  /** While `holdFor` lasts. */
  #heldInTime: Timer | undefined;
  phase: Phase = 'awaiting-connect';
  /** Whether a publish of it was refused and logged already. */
  #isRefused = false;
  version: ProtocolVersion = 4;
  /** Served as 3.1.1, which `version` says. */
  isMqtt31 = false;
  /** Where its CONNECT stands among all that came: of two with one client id the later one counts. */
  arrival = 0;
  /** Where CONNECT named an Authentication Method. */
  authentication: Authentication | undefined;
  packetBytesMax = Number.POSITIVE_INFINITY;
  aliasesOut: AliasesOut | undefined;
  /** Whether the client asked for reason strings: Request Problem Information 1, said and not implied. */
  problemInformation = false;
  /** Whether it is held because it does not take what is sent to it. */
  isOutputFull = false;
  lastReceivedAt: number;
  silenceMsMax: number;
  deadline = 0;
  heapIndex = -1;
  #connected: ConnectedState | undefined;
  #claimant: Claimant | undefined;
  #topics: TopicCache | undefined;
  #holds = 0;
  #unreleased: Set<number> | undefined;
  #waitsForReceipts = false;
  #unacknowledged: Unacknowledged | undefined;

  constructor(context: BrokerContext, transport: Transport) {
    this.context = context;
    this.transport = transport;
    this.completion = new Completion(this, context.sessionLog);
    this.congestion = new Congestion(context.clock);
    this.greetings = new Greetings(this, context.deliverer, context.greetingSources);
    this.lastReceivedAt = context.clock.now();
    this.silenceMsMax = context.limits.connectTimeoutMs;
    context.keepAlive.watch(this);
  }

  get counters(): BrokerCounters {
    return this.context.counters;
  }

  get session(): Session {
    return this.#state.session;
  }

  get identity(): Identity {
    return this.#state.identity;
  }

  /** Made for the first publish: most clients only listen. */
  get topics(): TopicCache {
    const { router, limits, namePlaces } = this.context;
    this.#topics ??= new TopicCache(router, this.#rights, limits.topicLevelsMax, namePlaces);
    return this.#topics;
  }

  get window(): number {
    return this.#state.window;
  }

  connected(state: ConnectedState): void {
    this.#connected = state;
    this.phase = 'connected';
    state.session.link = this;
    const { counters } = this;
    counters.clients++;
    counters.clientsMax = Math.max(counters.clientsMax, counters.clients);
    this.context.router.groups.moved(state.session);
  }

  /** Present while it claims. */
  get claimant(): Claimant | undefined {
    return this.#claimant;
  }

  claiming(claimant: Claimant): void {
    this.#claimant = claimant;
    this.phase = 'claiming';
    this.lastReceivedAt = this.context.clock.now();
    this.silenceMsMax = claimBounds.connectionMsMax;
  }

  adopt(identity: Identity): void {
    this.#connected = { ...this.#state, identity };
    this.#topics?.end();
    this.#topics = undefined;
    const rights = this.#rights;
    this.aliases.decide((topic) => rights.mayPublish(topic));
  }

  /** Largest packet that the client may send. */
  get receivedBytesMax(): number {
    const bytesMax = this.transport.peer.listener.packetBytesMax ?? this.context.limits.packetBytesMax;
    return this.#claimant === undefined ? bytesMax : Math.min(bytesMax, claimBounds.packetBytesMax);
  }

  /** Does not read on until every receipt that is due has come. */
  pauseForReceipts(): void {
    if (this.#waitsForReceipts) return;
    this.#waitsForReceipts = true;
    this.hold('receipts');
    this.acknowledger.onceIdle(() => {
      this.#waitsForReceipts = false;
      this.unhold();
    });
  }

  /** Who waits for its messages of QoS 0. */
  get unacknowledged(): Unacknowledged {
    this.#unacknowledged ??= new Unacknowledged(this);
    return this.#unacknowledged;
  }

  /** Is not read until every hold is taken off again. */
  hold(cause?: PauseCause): void {
    if (cause !== undefined) this.context.counters.pauses[cause]++;
    if (this.#holds++ === 0) this.transport.pause();
  }

  /** Is not read for so long; one such hold at a time. */
  holdFor(ms: number, cause: PauseCause): void {
    if (this.#heldInTime !== undefined) return;
    this.hold(cause);
    this.#heldInTime = this.context.clock.after(ms, () => {
      this.#heldInTime = undefined;
      this.unhold();
    });
  }

  unhold(): void {
    const wasUnread = this.isUnread;
    this.#holds--;
    if (wasUnread && !this.isUnread) this.#beReadInTime();
    if (this.#holds === 0) this.transport.resume();
  }

  /** What it sent meanwhile, PINGREQ too, is still to be read: half of its time is left for that. */
  #beReadInTime(): void {
    this.lastReceivedAt = Math.max(this.lastReceivedAt, this.context.clock.now() - this.silenceMsMax / 2);
  }

  /** A client that does not take its answers is held for its own sake, and stays bound to its keep-alive. */
  get isUnread(): boolean {
    return this.phase === 'connected' && this.#holds > (this.isOutputFull ? 1 : 0);
  }

  /** False where the packet is over the client's Maximum Packet Size: then it is not sent [MQTT-3.1.2-24]. */
  send(packet: ControlPacket): boolean {
    if (this.packetBytesMax !== Number.POSITIVE_INFINITY && this.#sizeOf(packet) > this.packetBytesMax) {
      return this.#sendWithoutReason(packet);
    }
    this.counters.answersOut++;
    encodePacket(this.transport, packet, this.version);
    return true;
  }

  /** The reason in words, for a client that asked for it. */
  reasonProperties(reason: string): ReasonProperties | undefined {
    return this.problemInformation ? { reasonString: reason.slice(0, reasonStringMax) } : undefined;
  }

  /** Ends the connection. On MQTT 5 the client is told why first [MQTT-3.14.0-1]. */
  disconnect(reasonCode: number, reason: string): void {
    if (this.phase === 'closed') return;
    if ((this.phase === 'connected' || this.phase === 'claiming') && this.version === 5) {
      this.send({ type: PacketType.disconnect, reasonCode, properties: this.reasonProperties(reason) });
    }
    countReason(this.context.counters.disconnects, reasonCode);
    this.context.log.debug('Connection ended', { client: this.#client, reasonCode, reason });
    this.leave();
    this.transport.end();
  }

  caughtUp(): void {
    this.greetings.pump(this.session);
  }

  takenOver(): void {
    this.disconnect(0x8e, 'Another connection uses this client id');
  }

  shutDown(reasonCode: number): void {
    this.disconnect(reasonCode, 'The server shuts down');
  }

  timedOut(): void {
    if (this.phase === 'claiming') {
      this.disconnect(0xa0, `A connection that claims lasts ${claimBounds.connectionMsMax / 1000} s at most`);
      return;
    }
    this.context.counters.keepAliveTimeouts++;
    this.disconnect(0x8d, `Nothing was received for ${Math.round(this.silenceMsMax / 1000)} s`);
  }

  /** QoS 2 messages of this connection between PUBREC and PUBREL. */
  get unreleased(): number {
    return this.#unreleased?.size ?? 0;
  }

  awaitRelease(packetId: number): void {
    this.#unreleased ??= new Set();
    this.#unreleased.add(packetId);
  }

  release(packetId: number): void {
    this.#unreleased?.delete(packetId);
  }

  forgetReceived(packetId: number): void {
    const { session, context } = this;
    if (session.received.delete(packetId) && session.stored !== undefined)
      context.sessionLog.received.remove(session, packetId);
  }

  /** Who publishes to the topic, as is kept beside what is retained. */
  sourceFor(topic: string): string | undefined {
    return this.context.access.sourceOf(this.identity, this.session.clientId, topic);
  }

  mayPublish(topic: string, child?: ChildDevice): boolean {
    return this.#rights.mayPublish(topic, child);
  }

  mayRead(topic: string): boolean {
    return this.context.access.maySubscribe(this.identity, this.session.clientId, topic);
  }

  /** Counts a refusal. The first one tells the operator which client is at odds with its rights; a flood of them must not flood the log. */
  publishRefused(refusal: SluiceError): void {
    this.context.counters.publishesRefused++;
    const level = this.#isRefused ? 'debug' : 'info';
    this.#isRefused = true;
    this.context.log[level]('Publish refused', { client: this.#client, reason: refusal.message });
  }

  closeUnacknowledged(failure: SluiceError): void {
    this.disconnect(errorCatalogue[failure.code].mqtt, failure.message);
  }

  /** Takes leave of the session; the socket may close later. A will that DISCONNECT did not take away is published. */
  leave(): void {
    if (this.phase === 'closed') return;
    this.phase = 'closed';
    this.#heldInTime?.cancel();
    this.#topics?.end();
    this.context.keepAlive.forget(this);
    this.context.rights.forget(this);
    this.acknowledger.close();
    this.#unacknowledged?.close();
    this.congestion.over();
    for (const subscription of this.queueSubscriptions.values()) subscription.stop();
    this.queueSubscriptions.clear();
    if (this.#claimant !== undefined) this.context.claimPlaces.leave(this.transport.peer.remoteAddress);
    const session = this.#connected?.session;
    if (session?.link !== this) return;
    session.link = undefined;
    this.counters.clients--;
    this.context.wills.connectionLost(session);
    this.context.sessions.detach(session);
  }

  /** What the client takes no room for goes first: the reason string [MQTT-3.2.2-19]. */
  #sendWithoutReason(packet: ControlPacket): boolean {
    if ('properties' in packet && packet.properties !== undefined && 'reasonString' in packet.properties) {
      return this.send({ ...packet, properties: undefined } as ControlPacket);
    }
    this.context.counters.dropped.packet_too_large++;
    return false;
  }

  #sizeOf(packet: ControlPacket): number {
    const writer = new ByteWriter();
    encodePacket(writer, packet, this.version);
    return writer.position;
  }

  /** As the log names it. */
  get #client(): string | undefined {
    return this.#connected?.session.clientId ?? this.#claimant?.requestTopic;
  }

  get #rights(): TopicRights {
    return topicRights(this.context.access, this.identity, this.session.clientId);
  }

  get #state(): ConnectedState {
    if (this.#connected === undefined) throw new Error(`Connection is not connected but ${this.phase}`);
    return this.#connected;
  }
}
