import { randomUUID } from 'node:crypto';
import type { Access } from '../access/access.ts';
import { SluiceError } from '../errors.ts';
import type { ConsumerSource, Message, MessageSink, ReceiptWaiter } from '../message.ts';
import { GatherBudget } from '../mqtt/codec/gather-budget.ts';
import { GatherPool } from '../mqtt/codec/gather-pool.ts';
import { topicNameProblem } from '../mqtt/topics/names.ts';
import type { HeldMemory } from '../std/bytes.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';
import { AddressCounts } from './admission/address-counts.ts';
import { Admission } from './admission/admission.ts';
import type { Bans } from './admission/bans.ts';
import { ClaimPlaces } from './admission/claim-places.ts';
import { PublishRates } from './admission/publish-rates.ts';
import type { ClaimDoor } from './claims.ts';
import type { BrokerContext } from './context.ts';
import { BrokerCounters } from './counters.ts';
import { Deliverer } from './delivery.ts';
import { KeepAlive } from './keep-alive.ts';
import { LimitGreetings } from './limit-greetings.ts';
import { type BrokerLimits, gatherTermsOf } from './limits.ts';
import { tellKept } from './lowered-limits.ts';
import type { BrokerOptions } from './options.ts';
import { Publication } from './publication.ts';
import { nobodyWaits, Publisher, type StorageDoor } from './publisher.ts';
import { ReceiptGate } from './receipt-gate.ts';
import { Receiver } from './receiver.ts';
import { NamePlaces } from './recent-names.ts';
import { Retained, type RetainedLog } from './retained.ts';
import { RetainedSources } from './retained-sources.ts';
import { RetainedSweeper } from './retained-sweeper.ts';
import { RightsWatch } from './rights-watch.ts';
import { type Route, Router } from './router.ts';
import type { SessionLog } from './session-log.ts';
import { Sessions } from './sessions.ts';
import { SharedGroups } from './shared-groups.ts';
import { BrokerValues } from './system/broker-values.ts';
import { SystemTopics, type ValueSource } from './system/system-topics.ts';
import type { Transport, TransportHandler } from './transport.ts';
import { Wills } from './wills.ts';

export interface BrokerParts {
  readonly access: Access;
  readonly retainedLog: RetainedLog;
  readonly sessionLog: SessionLog;
  /** Left out, storage always takes what it is given. */
  readonly storage?: StorageDoor;
  readonly sinks: readonly MessageSink[];
  readonly sources: readonly ConsumerSource[];
  /** Where devices that have no credentials yet register themselves. */
  readonly claims: ClaimDoor;
  /** What a device may send, as JSON, for `devices/{id}/limits`; undefined where there is no such device. */
  readonly limitsOf: (deviceId: string) => Promise<Buffer | undefined>;
  /** Told when the first connection of a device comes, and when its last one goes. */
  readonly presence: (deviceId: string, online: boolean) => void;
  readonly limits: BrokerLimits;
  /** The topics under `$SYS`; without it there are none. */
  readonly system?: {
    readonly intervalSeconds: number;
    readonly version: string;
    readonly sources: readonly ValueSource[];
  };
  readonly options: BrokerOptions;
  readonly log: Log;
  readonly clock?: Clock;
  /** Of all connections, for topics that they go round. */
  readonly namePlaces?: NamePlaces;
  /** From 0 to below 1. */
  readonly random?: () => number;
}

/** What there is now, beside the totals in `counters`. */
export interface BrokerLevels {
  readonly bans: number;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly sharedSubscriptions: number;
  readonly sharedGroups: number;
  readonly retained: number;
  /** Those of kept sessions that the last start gave a lower QoS. */
  readonly loweredSubscriptions: number;
  /** Connections of devices that claim themselves. */
  readonly claimants: number;
}

/** Hears what comes of a connection that was closed as soon as it was there. */
const refused: TransportHandler = {
  receive: () => undefined,
  room: () => undefined,
  drained: () => undefined,
  closed: () => undefined,
};

/** MQTT semantics without sockets: bytes come in through `accept`, messages of others through `publish`. */
export class Broker implements Part {
  readonly name = 'broker';
  readonly counters = new BrokerCounters();
  readonly #context: BrokerContext;
  readonly #pool = new GatherPool();
  readonly #sweeper: RetainedSweeper;
  #loweredSubscriptions = 0;
  readonly #system: SystemTopics;

  constructor(parts: BrokerParts) {
    const { limits, options, clock = systemClock, random = Math.random } = parts;
    const { counters } = this;
    const { strangers, clients } = gatherTermsOf(limits);
    const log = parts.log.with({ part: 'broker' });
    let arrivals = 0;
    const deliverer = new Deliverer(parts.sessionLog, limits, counters, clock);
    const groups = new SharedGroups(deliverer, parts.sessionLog, counters, options.sharedDispatch, random);
    const router = new Router(groups, deliverer, parts.sessionLog);
    const sources = options.retainedSourceCheck ? new RetainedSources(parts.access, log) : undefined;
    const retained = new Retained(parts.retainedLog, limits, counters, clock, sources);
    this.#sweeper = new RetainedSweeper(retained, clock);
    const publisher = new Publisher(router, retained, counters, parts.storage ?? endlessStorage);
    const wills = new Wills(publisher, parts.sessionLog, counters, clock);
    const sessions = new Sessions(router, parts.sessionLog, limits, counters, clock, wills);
    for (const sink of parts.sinks) router.addSink(sink);
    const { intervalSeconds, version, sources: valueSources } = parts.system ?? noSystem;
    const values = new BrokerValues({ version, counters, sessions, router, retained, clock });
    this.#system = new SystemTopics({
      intervalSeconds,
      sources: [() => values.values(), ...valueSources],
      onTick: () => values.tick(),
      router,
      clock,
      log,
    });
    this.#context = {
      access: parts.access,
      gathering: {
        strangers: new GatherBudget(this.#pool, strangers),
        clients: new GatherBudget(this.#pool, clients),
      },
      admission: new Admission(limits, counters, clock, log),
      addressCounts: new AddressCounts(limits.connectionsPerAddressMax),
      publishRates: new PublishRates(limits, counters, clock),
      claims: parts.claims,
      claimPlaces: new ClaimPlaces(limits.claimConnectionsMax),
      router,
      namePlaces: parts.namePlaces ?? new NamePlaces(),
      publisher,
      deliverer,
      sessions,
      retained,
      greetingSources: [this.#system, new LimitGreetings({ retained, limitsOf: parts.limitsOf, clock, log }), retained],
      wills,
      keepAlive: new KeepAlive(clock),
      rights: new RightsWatch({
        access: parts.access,
        sources: parts.sources,
        router,
        sessionLog: parts.sessionLog,
        counters,
        presence: parts.presence,
        changed: (change) => sources?.changed(change),
        clock,
        log,
      }),
      sources: parts.sources,
      limits,
      options,
      counters,
      clock,
      sessionLog: parts.sessionLog,
      log,
      newClientId: () => `${options.clientIdPrefix}${randomUUID()}`,
      newArrival: () => ++arrivals,
    };
  }

  start(): void {
    const { sessions, retained, options, limits, log } = this.#context;
    this.#loweredSubscriptions = sessions.load(options.qosMax);
    tellKept(log, { ...options, ...limits, loweredSubscriptions: this.#loweredSubscriptions, retained: retained.size });
    this.#sweeper.start();
    this.#system.start();
  }

  get bans(): Bans {
    return this.#context.admission.bans;
  }

  /** Packets that come in several reads lie here until everybody who sends them on has done so. */
  get gathering(): HeldMemory {
    return this.#pool;
  }

  /** Whether nobody at this address may connect for a while. */
  isBanned(remoteAddress: string): boolean {
    return this.#context.admission.isBanned(remoteAddress);
  }

  /** Tells every client that the server goes, and lets it go. */
  sayGoodbye(): void {
    for (const session of [...this.#context.sessions.connected()]) session.link?.shutDown(0x8b);
  }

  stop(): void {
    this.#system.stop();
    this.#sweeper.stop();
    this.#context.keepAlive.stop();
    this.#context.rights.stop();
    this.#context.sessions.stop();
    this.#context.wills.stop();
    this.#context.admission.stop();
    this.#context.publishRates.stop();
  }

  /** A new socket. What it receives, and its end, go to the handler. */
  accept(transport: Transport): TransportHandler {
    const { addressCounts, counters } = this.#context;
    if (addressCounts.enter(transport.peer.remoteAddress)) return new Receiver(this.#context, transport);
    counters.connectionsRefused++;
    transport.destroy();
    return refused;
  }

  /** A message from elsewhere than MQTT. `waiter` gets exactly one receipt under `tag`, when everything that stores it has. */
  publish(message: Message, waiter: ReceiptWaiter, tag: number): void {
    const { publisher, router, limits } = this.#context;
    const problem = topicNameProblem(message.topic, limits.topicLevelsMax);
    const refusal =
      problem === undefined
        ? (publisher.refusal(message.topic, message.retain ? message.payload.length : 0) ??
          (message.qos > 0 || message.retain ? publisher.storageRefusal : undefined))
        : new SluiceError('invalid_topic', problem);
    if (refusal !== undefined) {
      waiter.receipt(tag, refusal);
      return;
    }
    const gate = new ReceiptGate(waiter, tag);
    gate.expect(publisher.publish(router.route(message.topic), Publication.of(message), gate, 0));
  }

  /** Whether a message of this topic would reach anybody now: for whoever has many to make that nobody may want. */
  hears(topic: string): boolean {
    return isHeard(this.#context.router.route(topic));
  }

  /**
   * Something that the server itself says, under `$events`: to whoever listens, and to the queues that are bound to it. What it
   * says is made only where there is somebody.
   */
  announce(topic: string, says: () => Buffer): void {
    const { router, clock } = this.#context;
    const route = router.route(topic);
    if (!isHeard(route)) return;
    const publication = new Publication(topic, says(), 1, false, announced, clock.now(), 'server', true);
    router.publish(route, publication, nobodyWaits, 0);
  }

  levels(): BrokerLevels {
    const { admission, claimPlaces, sessions, router, retained } = this.#context;
    return {
      bans: admission.bans.size,
      sessions: sessions.size,
      subscriptions: router.subscriptionCount,
      sharedSubscriptions: router.groups.memberCount,
      sharedGroups: router.groups.size,
      retained: retained.size,
      loweredSubscriptions: this.#loweredSubscriptions,
      claimants: claimPlaces.taken,
    };
  }
}

function isHeard({ recipients, groups, destinations }: Route): boolean {
  return recipients.length + groups.length + destinations.length > 0;
}

const announced = { contentType: 'application/json', payloadFormatIndicator: 1 } as const;

const endlessStorage: StorageDoor = { refusal: undefined };

const noSystem = { intervalSeconds: 0, version: '', sources: [] };
