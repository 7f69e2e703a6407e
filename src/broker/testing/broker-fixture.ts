import assert from 'node:assert/strict';
import type { Access } from '../../access/access.ts';
import type { ConsumerSource, Message, MessageSink, ReceiptWaiter } from '../../message.ts';
import { type ConnectPacket, PacketType, type ProtocolVersion } from '../../mqtt/codec/packets.ts';
import { filterMatches } from '../../mqtt/topics/match.ts';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import { Broker, type BrokerParts } from '../broker.ts';
import type { ClaimDoor } from '../claims.ts';
import type { BrokerLimits } from '../limits.ts';
import type { BrokerOptions } from '../options.ts';
import { Publication } from '../publication.ts';
import type { NamePlaces } from '../recent-names.ts';
import type { RetainedLog } from '../retained.ts';
import { type LogScan, type RetainedMessage, TopicScan } from '../retained-scan.ts';
import type { SessionLog } from '../session-log.ts';
import type { Peer } from '../transport.ts';
import { MemoryClient } from './memory-client.ts';
import { MemorySessionLog } from './memory-session-log.ts';

/* The broker with clients in memory: no sockets, no timers, no disk. For tests. */

export const testLimits: BrokerLimits = {
  packetBytesMax: 1024 * 1024,
  packetsBytesMax: 64 * 1024 * 1024,
  keepAliveSecondsMax: 0,
  inflightMax: 100,
  receiveMaximum: 10,
  sessionMessagesMax: 50,
  sessionBytesMax: 1024 * 1024,
  outputBytesMax: 8 * 1024 * 1024,
  connectTimeoutMs: 10_000,
  sessionExpirySecondsMax: 3_600,
  sessionsMax: 100,
  subscriptionsPerClientMax: 20,
  payloadBytesMax: 0,
  retainedMessagesMax: 10,
  topicAliasMax: 4,
  topicAliasOutMax: 4,
  topicLevelsMax: 128,
  userPropertiesMax: 10_000,
  clientIdBytesMax: 256,
  willBytesMax: 4_096,
  connectionsPerAddressMax: 0,
  connectRateMax: 0,
  connectRatePerAddressMax: 0,
  claimConnectionsMax: 4,
  publishRateMax: 0,
  publishBytesRateMax: 0,
  publishRatePerAddressMax: 0,
  publishBytesRatePerAddressMax: 0,
  ban: {
    seconds: 300,
    windowSeconds: 60,
    failedLoginsMax: 3,
    failedLoginsPerAddressMax: 10,
    malformedMax: 5,
    connectsPerClientMax: 5,
    entriesMax: 100,
    exempt: ['127.0.0.0/8'],
  },
};

export const testOptions: BrokerOptions = {
  sharedDispatch: 'least_inflight',
  payloadFormatCheck: true,
  retainedSourceCheck: true,
  responseTopicPrefix: undefined,
  qosMax: 2,
  emptyClientIds: true,
  clientIdPrefix: 'auto-',
};

/** Everybody may do everything, but for what a test says. */
export function openAccess(changes: Partial<Access> = {}): Access {
  const anonymous = { kind: 'anonymous', name: 'anonymous' } as const;
  return {
    authenticate: () => Promise.resolve(anonymous),
    authenticateToken: () => Promise.resolve(anonymous),
    mayPublish: () => true,
    maySubscribe: () => true,
    mayAdminister: () => true,
    beginExchange: () => undefined,
    reexamine: (identity) => Promise.resolve(identity),
    sourceOf: () => undefined,
    ofSource: () => undefined,
    deviceOfSource: () => undefined,
    onChanged: () => undefined,
    ...changes,
  };
}

/** Retained messages that are safe as soon as they are put. */
export class MemoryRetainedLog implements RetainedLog {
  readonly rows = new Map<string, RetainedMessage>();

  get size(): number {
    return this.rows.size;
  }

  has(topic: string): boolean {
    return this.rows.has(topic);
  }

  hasRoom(): boolean {
    return true;
  }

  put(publication: Publication, place: number): void {
    this.rows.set(publication.topic, { publication: publication.own(), place });
  }

  remove(topic: string): boolean {
    return this.rows.delete(topic);
  }

  wait(waiter: ReceiptWaiter, tag: number): void {
    waiter.receipt(tag, undefined);
  }

  scan(filter: string | undefined): LogScan {
    const topics = [...this.rows.keys()].filter((topic) => filter === undefined || filterMatches(filter, topic));
    return new TopicScan(topics, (topic) => this.rows.get(topic));
  }
}

/** A sink for one topic whose receipts a test gives when it likes. */
export class HeldSink implements MessageSink {
  readonly name = 'held';
  readonly admitted: { message: Message; waiter: ReceiptWaiter; tag: number }[] = [];
  readonly #topic: string;

  constructor(topic: string) {
    this.#topic = topic;
  }

  route(topic: string): { admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean } | undefined {
    if (topic !== this.#topic) return undefined;
    return {
      admit: (message, waiter, tag) => this.admitted.push({ message: Publication.of(message).own(), waiter, tag }) > 0,
    };
  }

  onRoutesChanged(): void {
    // The topic never changes.
  }
}

export class BrokerFixture<Retaining extends RetainedLog = MemoryRetainedLog> {
  readonly clock: SimulatedClock;
  readonly retainedLog: Retaining;
  readonly broker: Broker;

  constructor(
    options: {
      access?: Access;
      sinks?: MessageSink[];
      sources?: ConsumerSource[];
      claims?: ClaimDoor;
      presence?: BrokerParts['presence'];
      limitsOf?: BrokerParts['limitsOf'];
      limits?: Partial<BrokerLimits>;
      options?: Partial<BrokerOptions>;
      random?: () => number;
      retainedLog?: Retaining;
      system?: BrokerParts['system'];
      sessionLog?: SessionLog;
      clock?: SimulatedClock;
      namePlaces?: NamePlaces;
    } = {},
  ) {
    this.clock = options.clock ?? new SimulatedClock();
    this.retainedLog = options.retainedLog ?? (new MemoryRetainedLog() as RetainedLog as Retaining);
    this.broker = new Broker({
      access: options.access ?? openAccess(),
      retainedLog: this.retainedLog,
      sessionLog: options.sessionLog ?? new MemorySessionLog(),
      sinks: options.sinks ?? [],
      sources: options.sources ?? [],
      claims: options.claims ?? { claimByText: () => Promise.resolve({}) },
      limitsOf: options.limitsOf ?? (() => Promise.resolve(undefined)),
      presence: options.presence ?? (() => undefined),
      limits: { ...testLimits, ...options.limits },
      ...(options.system === undefined ? {} : { system: options.system }),
      options: { ...testOptions, ...options.options },
      log: silentLog,
      clock: this.clock,
      ...(options.random === undefined ? {} : { random: options.random }),
      ...(options.namePlaces === undefined ? {} : { namePlaces: options.namePlaces }),
    });
    this.broker.start();
  }

  /** A client that has sent nothing yet. */
  open(version: ProtocolVersion = 5, remoteAddress = '127.0.0.1', peer: Partial<Peer> = {}): MemoryClient {
    return new MemoryClient(this.broker, version, { remoteAddress, ...peer });
  }

  /** A client whose CONNECT was accepted. */
  async connect(clientId: string, connect: Partial<ConnectPacket> = {}): Promise<MemoryClient> {
    const client = this.open(connect.version ?? 5);
    await client.connect({ clientId, ...connect });
    const connack = client.take(PacketType.connack);
    assert.equal(connack.reasonCode, 0);
    return client;
  }
}
