import type { FirmwareVersions, Registry, Store } from '../devices/store.ts';
import type { Consumer, Consumption, Credit, Destination, MessageSink } from '../message.ts';
import type { Acceptance } from '../std/acceptance.ts';
import type { Clock } from '../std/clock.ts';
import type { HistogramReading } from '../std/histogram.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';
import { UuidSource } from '../std/uuid.ts';
import { Advisor } from './advisor.ts';
import { AutoMode, type QueueSize } from './auto-mode.ts';
import { ConnectedDevices } from './connected-devices.ts';
import type { DeadLetters } from './death.ts';
import { DecodeAgain } from './decode-again.ts';
import { DeviceLimits } from './device-limits.ts';
import { Door } from './door.ts';
import type { DriverHost, DriverRef } from './driver.ts';
import type { DriverReading } from './driver-numbers.ts';
import { DriverShelf, type SetAside, type TrialReading } from './driver-shelf.ts';
import type { EventPort } from './events.ts';
import { FirmwareUpdates } from './firmware-updates.ts';
import { IngestConsumer } from './ingest-consumer.ts';
import { IngestCredit } from './ingest-credit.ts';
import { IngestSink } from './ingest-sink.ts';
import { Ingestion } from './ingestion.ts';
import { InlineLane } from './inline-lane.ts';
import { DriverTrials } from './lifecycle/driver-trials.ts';
import { ShadowRuns } from './lifecycle/shadow-runs.ts';
import { type PipelineLimits, pipelineLimits } from './limits.ts';
import { NamedSchemas } from './named-schemas.ts';
import type { Outcome } from './outcome.ts';
import { PresenceUpdates } from './presence-updates.ts';
import { Processor } from './processor.ts';
import type { ClaimLimit } from './provisioning/claim-attempts.ts';
import { Claims } from './provisioning/claims.ts';
import { RegistryCache } from './registry-cache.ts';
import { RegistryWrites } from './registry-writes.ts';
import { Rehearsals } from './rehearsal.ts';
import { ResultWaiters } from './result-waiters.ts';
import { Results } from './results.ts';
import type { StepTimes } from './step-times.ts';
import { Strangers } from './strangers.ts';
import { WayNumbers } from './way-numbers.ts';
import { WorkerSessions } from './workers/worker-sessions.ts';

export interface PipelineParts {
  /** Started before the pipeline and stopped after it, like `drivers`. */
  readonly store: Store & { readonly registry: Registry & FirmwareVersions };
  readonly drivers: DriverHost;
  /** Makes the host of drivers that run beside those in use; not called before there is one. */
  readonly makeShadowHost: () => DriverHost;
  /** Where messages of queued device types go; the pipeline's `consumer` has to be given what comes out. */
  readonly queue: {
    readonly destination: Destination;
    readonly size: QueueSize;
    /** Goes before what this process does with what comes out. */
    readonly acceptance?: Acceptance;
    /** Begins to consume it. Rejects where it is not there. */
    consume(consumer: Consumer, credit: Credit): Promise<Consumption>;
  };
  readonly deadLetters: DeadLetters;
  /** Absent: readings are stored and not published. */
  readonly events?: EventPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<PipelineLimits>;
}

export interface PipelineNumbers {
  /** Messages of inline types that are not answered yet. */
  readonly inlineInWork: number;
  /** Deliveries of the queue that are not settled yet. */
  readonly queuedInWork: number;
  /** Threads that run drivers. */
  readonly driverThreads: number;
  /** Worker processes at work. */
  readonly workers: number;
  readonly devicesCached: number;
  /** Messages processed since the start, by what became of them. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Messages that were stored with a warning of their driver or schema. */
  readonly warned: number;
  /** Readings that could not be published as events. */
  readonly eventsFailed: number;
  /** Claims that were not looked at because too many were refused before, by the limit. */
  readonly claimsLimited: Readonly<Record<ClaimLimit, number>>;
  /** Messages refused because they came faster than they may, and those that had to wait for it. */
  readonly rateRefused: number;
  readonly rateDelayed: number;
  /** How long each step took for a batch, in microseconds. */
  readonly steps: Readonly<Record<string, HistogramReading>>;
  /** How often device types of mode `auto` went over to the queue or back. */
  readonly autoChanges: number;
  /** By device type and driver version, at most `driverPairsMax` and one for all others. */
  readonly drivers: readonly DriverReading[];
  /** Of the driver versions that were seen as canary or shadow. */
  readonly trials: readonly TrialReading[];
  /** Driver versions that are set aside, each with the device types for which it is. */
  readonly setAside: readonly SetAside[];
}

/** From a device's message to state and history, inline or by way of the queue. */
export class Pipeline implements Part {
  readonly name = 'pipeline';
  /** For the broker: every publish is offered to it. */
  readonly sink: MessageSink;
  /** For the ingest queue; `limits.queuedMessagesMax` is the credit to consume with. */
  readonly consumer: Consumer;
  /** What that consumer should be given at a time. */
  readonly ingestCredit: IngestCredit;
  readonly limits: PipelineLimits;
  readonly ingestion: Ingestion;
  readonly registry: RegistryWrites;
  readonly claims: Claims;
  /** To be started once events reach their listeners, and before devices connect. */
  readonly presence: PresenceUpdates;
  /** To be told who comes and goes. */
  readonly connected: ConnectedDevices;
  /** As `presence`. */
  readonly deviceLimits: DeviceLimits;
  readonly drivers: DriverShelf;
  /** Who sends without being registered. */
  readonly strangers = new Strangers();
  readonly rehearsals: Rehearsals;
  readonly decodeAgain: DecodeAgain;
  readonly advisor: Advisor;
  /** Worker processes, which consume the ingest queue beside `consumer`. */
  readonly workers: WorkerSessions;
  readonly #trials: DriverTrials;
  readonly #threads: () => number;
  readonly #times: StepTimes;
  readonly #devices: RegistryCache;
  readonly #firmware: FirmwareUpdates;
  readonly #results: Results;
  readonly #inline: InlineLane;
  readonly #auto: AutoMode;
  readonly #door: Door;
  readonly #consumer: IngestConsumer;

  constructor(parts: PipelineParts) {
    const { store, drivers, queue, deadLetters, clock, log } = parts;
    const limits = { ...pipelineLimits, ...parts.limits };
    this.limits = limits;
    this.#threads = () => drivers.threads;
    const uuids = new UuidSource(clock);
    this.#devices = new RegistryCache(store.registry, clock, limits, { acceptance: queue.acceptance, log });
    this.#firmware = new FirmwareUpdates(store.registry, this.#devices, clock, log, limits);
    const telling = { devices: this.#devices, registry: store.registry, events: parts.events, clock, log, limits };
    this.deviceLimits = new DeviceLimits(telling);
    this.registry = new RegistryWrites(store, this.#devices, this.#firmware, this.deviceLimits);
    this.claims = new Claims({ claimKeys: store.claimKeys, registry: this.registry, clock });
    const nextMessageId = (): string => uuids.next();
    const schemas = new NamedSchemas(store.schemas, {
      perTypeMax: limits.schemaSetsPerTypeMax,
      bytesMax: limits.schemaSetBytesMax,
    });
    const surroundings = { devices: this.#devices, readings: store.readings, schemas, clock, nextMessageId };
    const shadows = new ShadowRuns({
      makeHost: parts.makeShadowHost,
      scriptOf: drivers.scriptOf.bind(drivers),
      context: surroundings,
      log,
    });
    this.#trials = new DriverTrials(drivers.choices, shadows, (canary, reason) => this.drivers.turnOff(canary, reason));
    const { registry, rollouts } = store;
    const workers = { setAside: (driver: DriverRef) => this.workers.setAside(driver) };
    this.drivers = new DriverShelf({ registry, rollouts, host: drivers, trials: this.#trials, workers, log });
    const context = {
      ...surroundings,
      drivers,
      decoded: this.#trials.decoded.bind(this.#trials),
      firmwareSeen: this.#firmware.seen.bind(this.#firmware),
    };
    const processor = new Processor(context);
    this.#times = processor.times;
    const waiters = new ResultWaiters(limits);
    const ways = new WayNumbers();
    this.#results = new Results(parts.events, waiters, ways, clock, log);
    const finished = this.#results.add.bind(this.#results);
    this.#inline = new InlineLane(processor, deadLetters, finished, clock, limits);
    this.#auto = new AutoMode(this.#inline, queue.size, clock, log, limits);
    this.#door = new Door({
      devices: this.#devices,
      queue: queue.destination,
      inline: this.#inline,
      auto: this.#auto,
      clock,
      strangers: this.strangers,
      numbers: ways,
      nextMessageId,
    });
    this.#consumer = new IngestConsumer('pipeline', processor, finished, log, limits, queue.acceptance);
    this.ingestion = new Ingestion(this.#door, waiters, clock, nextMessageId);
    this.advisor = new Advisor({
      numbers: ways,
      devices: this.#devices,
      queueSize: queue.size,
      queuedInWork: () => this.#queuedInWork(),
      setAside: () => this.drivers.setAside(),
      decodes: drivers.choices.decodes.bind(drivers.choices),
      clock,
    });
    this.rehearsals = new Rehearsals(processor, parts.drivers, limits.rehearsalMessagesMax);
    this.decodeAgain = new DecodeAgain(store.raw, processor, drivers, limits.batchMessagesMax);
    this.presence = new PresenceUpdates({ presence: store.presence, events: parts.events, clock, log, limits });
    const tell = this.presence.changed.bind(this.presence);
    this.connected = new ConnectedDevices({ devices: this.#devices, tell, log });
    this.workers = new WorkerSessions({
      context,
      drivers,
      consume: queue.consume.bind(queue),
      results: this.#results,
      limits,
      log,
    });
    this.sink = new IngestSink({
      door: this.#door,
      devices: this.#devices,
      registry: this.registry,
      connected: this.connected,
      limits,
      log,
    });
    this.consumer = this.#consumer;
    this.ingestCredit = new IngestCredit(limits);
  }

  async start(): Promise<void> {
    await this.#devices.loadTypes();
    this.#devices.start();
    await this.drivers.load();
    this.#door.open();
    this.#consumer.open();
    this.workers.start();
  }

  /** Takes nothing more, and finishes what is in work. */
  async stop(): Promise<void> {
    this.#door.close();
    this.#auto.stop();
    this.#consumer.close();
    await Promise.all([this.#door.idle(), this.#consumer.idle(), this.workers.stop()]);
    await this.#inline.idle();
    await this.#trials.stop();
    this.#devices.stop();
    await this.#firmware.flush();
  }

  numbers(): PipelineNumbers {
    return {
      inlineInWork: this.#inline.size,
      queuedInWork: this.#queuedInWork(),
      driverThreads: this.#threads(),
      workers: this.workers.size,
      devicesCached: this.#devices.size,
      outcomes: this.#results.drivers.outcomes,
      warned: this.#results.warned,
      eventsFailed: this.#results.eventsFailed,
      claimsLimited: this.claims.limited,
      rateRefused: this.#door.rates.refused,
      rateDelayed: this.#door.rates.delayed,
      autoChanges: this.#auto.changes,
      steps: this.#times.read(),
      drivers: this.#results.drivers.read(),
      ...this.drivers.numbers(),
    };
  }

  #queuedInWork(): number {
    return this.#consumer.size + this.workers.inWork;
  }
}
