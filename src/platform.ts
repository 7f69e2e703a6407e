import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ConfiguredAccess } from './access/configured-access.ts';
import { stableKey } from './access/stable-key.ts';
import { Broker } from './broker/broker.ts';
import { nobodyWaits } from './broker/publisher.ts';
import { RetainedTable } from './broker/retained-table.ts';
import { SessionTable } from './broker/session-table.ts';
import { manifestFile, readDriverFolder, scriptFile } from './config/driver-folder.ts';
import { type Config, mainListener } from './config.ts';
import { deviceTypeWithDefaults } from './devices/device-type.ts';
import { rollupWidthsMs } from './devices/rollup-intervals.ts';
import { SqliteStore } from './devices/sqlite/store.ts';
import type { Store } from './devices/store.ts';
import { WatchedClaimKeys, WatchedCredentials, WatchedRegistry } from './devices/watched-registry.ts';
import { HttpServer } from './http/http-server.ts';
import type { PlatformMetrics } from './http/metrics/platform-metrics.ts';
import type { Consumption } from './message.ts';
import { Listeners } from './net/listeners.ts';
import { deviceAccounts } from './pipeline/device-accounts.ts';
import { WorkerDriverHost } from './pipeline/driver-host/host.ts';
import { DriverFolderWatch } from './pipeline/lifecycle/driver-folder-watch.ts';
import { SetAsideWatch } from './pipeline/lifecycle/set-aside-watch.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { ThreadScale, type ThreadScaleOptions } from './pipeline/thread-scale.ts';
import { dataFiles } from './platform/data-files.ts';
import { httpOptions } from './platform/http-options.ts';
import { listenerOptions } from './platform/listener-options.ts';
import { EmbeddedEngine } from './queues/embedded/engine.ts';
import { QueueEvents } from './queues/queue-events.ts';
import { queueLevels } from './queues/queue-levels.ts';
import { QueueSink } from './queues/queue-sink.ts';
import { QueueSource } from './queues/queue-source.ts';
import { QueueWatch } from './queues/queue-watch.ts';
import { systemClock } from './std/clock.ts';
import { EventLoopWatch } from './std/event-loop-watch.ts';
import { HeapPolicy } from './std/heap-policy.ts';
import { Lifecycle, type Part } from './std/lifecycle.ts';
import type { Log } from './std/log.ts';
import { packageVersion } from './std/package-version.ts';
import { YoungHeapPolicy } from './std/young-heap-policy.ts';
import { DiskSpace, freeBytesOf } from './storage/disk-space.ts';
import { Environment } from './storage/environment.ts';
import { GroupCommit } from './storage/group-commit.ts';
import { ReaderSweeper } from './storage/reader-sweeper.ts';

/** Where device messages wait for the pipeline, and where those that it could not use are kept. */
const ingestQueue = 'ingest';

/** The composition root: builds every part, connects them, starts them in order and stops them in reverse. */
export class Platform {
  /** Resolves when storage failed: nothing is acknowledged any more, and the process should end. */
  readonly failed: Promise<Error>;
  readonly #lifecycle: Lifecycle;
  readonly #mqtt: Listeners;
  readonly #http: HttpServer;
  readonly #access: ConfiguredAccess;
  #ready = false;

  /** Opens the data folder; throws where another process has it. */
  constructor(config: Config, log: Log) {
    const clock = systemClock;
    const failed = Promise.withResolvers<Error>();
    this.failed = failed.promise;
    const eventLoop = new EventLoopWatch({ delayMsMax: config.log.eventLoopDelayMsMax, log, clock });

    const environment = new Environment(join(config.data, dataFiles.queues), (problem) => commit.fail(problem));
    const space = new DiskSpace({
      freeBytesMin: config.storage.freeBytesMin,
      measure: () => freeBytesOf(environment.folder) + environment.reusableBytes,
      folder: config.data,
      clock,
      log,
    });
    const commit = new GroupCommit({ environment, space, onFailure: failed.resolve });
    const engine = new EmbeddedEngine({ environment, commit, clock, log, permanent: [ingestQueue] });
    const queueEvents = new QueueEvents({ say: (topic, payload) => broker.announce(topic, payload), clock });
    engine.onEvent((event) => queueEvents.tell(event));
    const watch = new QueueWatch({
      engine,
      commitUs: () => commit.latency.read(),
      onEvent: (event) => queueEvents.tell(event),
      clock,
      log,
    });
    const devices = new SqliteStore({
      path: join(config.data, dataFiles.devices),
      log,
      onFailure: failed.resolve,
      rollupWidthsMs: rollupWidthsMs(config.history.rollups),
      acceptance: commit,
    });
    const deviceChanged = (id: string): void => {
      access.deviceChanged(id);
      void pipeline.connected.reexamine(id);
    };
    const store = {
      registry: new WatchedRegistry(devices.registry, deviceChanged),
      credentials: new WatchedCredentials(devices.credentials, deviceChanged),
      claimKeys: new WatchedClaimKeys(devices.claimKeys, deviceChanged),
      readings: devices.readings,
      schemas: devices.schemas,
      raw: devices.raw,
      rollouts: devices.rollouts,
      presence: devices.presence,
      series: devices.series,
      numbers: () => devices.numbers(),
      start: () => devices.start(),
      stop: () => devices.stop(),
    };
    const drivers = new WorkerDriverHost({ threads: config.pipeline.threadsMin, log });
    const pipeline = new Pipeline({
      store,
      drivers,
      makeShadowHost: () => new WorkerDriverHost({ log }),
      queue: {
        destination: engine.destination(ingestQueue),
        size: async () => {
          const { ready, leased, scheduled } = await engine.stats(ingestQueue);
          return ready + leased + scheduled;
        },
        acceptance: commit,
        consume: (consumer, credit) => engine.consume(ingestQueue, consumer, credit),
      },
      events: {
        hears: (topic) => broker.hears(topic),
        publish: (message) => broker.publish(message, nobodyWaits, 0),
      },
      deadLetters: { bury: (message, death) => engine.bury(ingestQueue, message, death) },
      clock,
      log,
    });
    const setAsideWatch = new SetAsideWatch({
      setAside: () => pipeline.drivers.setAside(),
      drivers: () => pipeline.drivers.list(),
      decodes: (driver, deviceType) => drivers.choices.decodes(driver, deviceType),
      say: (topic, payload) => broker.announce(topic, payload),
      clock,
      log,
    });
    const access = new ConfiguredAccess({
      ...config.access,
      accounts: deviceAccounts(store.credentials),
      clock,
      log,
      saltKey: stableKey(join(config.data, dataFiles.accessKey)),
    });
    this.#access = access;
    const broker = new Broker({
      access,
      retainedLog: new RetainedTable(environment, commit, log),
      sessionLog: new SessionTable(environment, commit, log),
      storage: commit,
      sinks: [pipeline.sink, new QueueSink(engine)],
      sources: [new QueueSource(engine)],
      claims: pipeline.claims,
      limitsOf: (deviceId) => pipeline.deviceLimits.of(deviceId),
      presence: (deviceId, online) => pipeline.connected.changed(deviceId, online),
      limits: config.mqtt,
      system: {
        intervalSeconds: config.mqtt.sysIntervalSeconds,
        version: packageVersion(),
        sources: [() => queueLevels(watch)],
      },
      options: config.mqtt,
      log,
      clock,
    });
    this.#mqtt = new Listeners({
      options: listenerOptions(config),
      accept: (transport) => broker.accept(transport),
      gathering: broker.gathering,
      isBanned: (remoteAddress) => broker.isBanned(remoteAddress),
      sayGoodbye: () => broker.sayGoodbye(),
      counters: broker.counters,
      connectionsMax: config.mqtt.connectionsMax,
      clock,
      log,
    });
    this.#http = new HttpServer({
      options: httpOptions(config),
      access,
      engine,
      watch,
      publisher: broker,
      bans: broker.bans,
      store,
      pipeline,
      ready: () => this.#ready,
      metrics: () => metricsOf(store, broker, pipeline, commit, space, eventLoop, this.#mqtt),
      clock,
      log,
    });

    let consumption: Consumption | undefined;
    this.#lifecycle = new Lifecycle([
      eventLoop,
      new HeapPolicy(() => broker.counters.connections, clock),
      new YoungHeapPolicy(clock),
      part(
        'storage',
        () => undefined,
        () => environment.close(),
      ),
      space,
      new ReaderSweeper({ environment, clock, log }),
      part(
        'queues',
        () => engine.start(),
        () => engine.stop(),
      ),
      part(
        'devices',
        () => store.start(),
        () => store.stop(),
      ),
      part(
        'drivers',
        () => drivers.start(),
        () => drivers.stop(),
      ),
      ...driverFolder(config, drivers, log),
      part(
        'pipeline',
        () => pipeline.start(),
        () => pipeline.stop(),
      ),
      part(
        'declarations',
        async () => {
          await engine.declare(ingestQueue, {
            maxInflightPerConsumer: pipeline.limits.queuedMessagesMax,
            leaseMs: 60_000,
            // What fails and is not rejected is trouble of the platform's own, such as a full disk: no reason to bury a message.
            maxDeliveries: 0,
            desiredConsumers: {
              max: config.pipeline.consume ? pipeline.ingestCredit.batchesMax : pipeline.limits.workersMax,
            },
            // And none to call it too old.
            ttlMs: 0,
          });
          for (const [name, options] of Object.entries(config.queues)) await engine.declare(name, options);
          for (const [name, type] of Object.entries(config.deviceTypes))
            await pipeline.registry.putDeviceType(deviceTypeWithDefaults({ name, ...type }));
        },
        () => undefined,
      ),
      part(
        'ingest',
        async () => {
          watch.follow(ingestQueue, new ThreadScale(drivers, threadsOf(config), log));
          if (!config.pipeline.consume) return;
          consumption = await engine.consume(ingestQueue, pipeline.consumer, {
            credit: pipeline.ingestCredit.credit,
          });
          pipeline.ingestCredit.attach(consumption);
          watch.follow(ingestQueue, pipeline.ingestCredit);
        },
        () => consumption?.stop(),
      ),
      broker,
      pipeline.presence,
      pipeline.deviceLimits,
      part(
        'queue events',
        () => undefined,
        () => queueEvents.stop(),
      ),
      watch,
      setAsideWatch,
      this.#mqtt,
      this.#http,
      part(
        'consumers',
        () => undefined,
        () => letConsumersSettle(engine, config.stop.settleMsMax, log),
      ),
    ]);
  }

  async start(): Promise<void> {
    await this.#lifecycle.start();
    this.#ready = true;
  }

  async stop(): Promise<void> {
    this.#ready = false;
    await this.#lifecycle.stop();
  }

  /**
   * Takes over what of another configuration can change while the platform runs: the `access` section, and what the TLS files hold. Throws
   * `invalid_argument`, and changes nothing, where it cannot be used.
   */
  async reload(config: Config): Promise<void> {
    this.#access.reconfigure(config.access);
    await Promise.all([this.#mqtt.reload(), this.#http.reload()]);
  }

  get mqttPort(): number {
    return this.#mqtt.ports[mainListener];
  }

  /** The port of every listener for MQTT, by name. */
  get listenerPorts(): Readonly<Record<string, number>> {
    return this.#mqtt.ports;
  }

  get httpPort(): number {
    return this.#http.port;
  }
}

function part(name: string, start: Part['start'], stop: Part['stop']): Part {
  return { name, start, stop };
}

/** While everything still serves, so that consumers can say what became of what they hold, and nobody gets it a second time. */
async function letConsumersSettle(engine: EmbeddedEngine, waitMs: number, log: Log): Promise<void> {
  const messages = await engine.quiesce(waitMs);
  if (messages > 0) log.info('Messages that their consumers have not settled go back to their queues', { messages });
}

function driverFolder({ drivers: { folder } }: Config, host: WorkerDriverHost, log: Log): Part[] {
  if (folder === undefined) return [];
  const files = [manifestFile, scriptFile];
  return [new DriverFolderWatch({ folder, files, read: readDriverFolder, host, clock: systemClock, log })];
}

function threadsOf({ pipeline: { threadsMin, threadsMax } }: Config): ThreadScaleOptions {
  const most = threadsMax === 0 ? Math.max(1, availableParallelism() - 1) : threadsMax;
  return { threadsMin, threadsMax: Math.max(threadsMin, most) };
}

async function metricsOf(
  store: Store,
  broker: Broker,
  pipeline: Pipeline,
  commit: GroupCommit,
  space: DiskSpace,
  eventLoop: EventLoopWatch,
  listeners: Listeners,
): Promise<PlatformMetrics> {
  return {
    store: await store.numbers(),
    pipeline: pipeline.numbers(),
    broker: { ...broker.counters, ...broker.levels() },
    commitUs: commit.latency.read(),
    disk: { freeBytes: space.freeBytes, isFull: space.refusal !== undefined },
    eventLoop: eventLoop.load,
    listeners: listeners.counters,
  };
}
