import { dirname } from 'node:path';
import type { SluiceError } from '../../errors.ts';
import type { Acceptance } from '../../std/acceptance.ts';
import { type Clock, systemClock } from '../../std/clock.ts';
import { makeFolders } from '../../std/folders.ts';
import type { Log } from '../../std/log.ts';
import type { ClaimKeyStore } from '../claim-keys.ts';
import type { CredentialStore } from '../credentials.ts';
import type { EventSchemas } from '../event-schemas.ts';
import type { PresenceStore } from '../presence.ts';
import type { RawMessages } from '../raw.ts';
import type { Rollouts } from '../rollout.ts';
import type { FirmwareVersions, Registry, RollupProgress, Store, StoreNumbers } from '../store.ts';
import { type SqliteLimits, sqliteLimits } from './limits.ts';
import type { WorkerRole } from './operations.ts';
import { SqliteClaimKeys } from './sqlite-claim-keys.ts';
import { SqliteCredentials } from './sqlite-credentials.ts';
import { SqliteRaw } from './sqlite-raw.ts';
import { SqliteReadings } from './sqlite-readings.ts';
import { SqliteRegistry } from './sqlite-registry.ts';
import { SqliteSeries } from './sqlite-series.ts';
import { StepDuty } from './step-duty.ts';
import { WorkerClient } from './worker-client.ts';

export interface SqliteStoreOptions {
  /** The database file; its folder is made where it is missing. Two more files beside it belong to it: `-wal` and `-shm`. */
  readonly path: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly limits?: Partial<SqliteLimits>;
  /** Intervals for which roll-ups are kept, in milliseconds. Default none. */
  readonly rollupWidthsMs?: readonly number[];
  /** Goes before what nobody waits for: sweeps and roll-ups. */
  readonly acceptance?: Acceptance;
  /** Called when a thread of the store ended by itself: everything is refused from then on, and the process should end. */
  readonly onFailure?: (failure: SluiceError) => void;
}

/** The device store in one SQLite file, with one thread that writes and two that read. */
export class SqliteStore implements Store {
  readonly name = 'device-store';
  readonly registry: Registry & FirmwareVersions;
  readonly credentials: CredentialStore;
  readonly claimKeys: ClaimKeyStore;
  readonly readings: SqliteReadings;
  readonly schemas: EventSchemas;
  readonly raw: RawMessages;
  readonly rollouts: Rollouts;
  readonly presence: PresenceStore;
  readonly series: SqliteSeries;
  /** Removes old rows. The duties are public so that a tool or a test can make them take a step at once. */
  readonly sweeper: StepDuty;
  /** Removes what the device types do not keep. */
  readonly typeSweeper: StepDuty;
  readonly rollups: StepDuty;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #widths: readonly number[];
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;
  readonly #scanner: WorkerClient;

  constructor(options: SqliteStoreOptions) {
    const limits = { ...sqliteLimits, ...options.limits };
    const clock = options.clock ?? systemClock;
    const client = (role: WorkerRole): WorkerClient =>
      new WorkerClient(
        { path: options.path, role, stateKeysCachedMax: limits.stateKeysCachedMax },
        limits.requestsMax,
        options.onFailure ?? (() => undefined),
      );
    this.#path = options.path;
    this.#clock = clock;
    this.#log = options.log;
    this.#widths = options.rollupWidthsMs ?? [];
    this.#writer = client('writer');
    this.#reader = client('reader');
    this.#scanner = client('scanner');
    this.registry = new SqliteRegistry(this.#writer, this.#reader, clock, limits);
    this.schemas = {
      versions: (...args) => this.#reader.request('schemaVersions', args),
      schema: (name) => this.#reader.request('schema', [name]),
    };
    this.credentials = new SqliteCredentials(this.#writer, this.#reader, clock);
    this.claimKeys = new SqliteClaimKeys(this.#writer, this.#reader, clock);
    this.rollouts = { putRollout: (...args) => this.#writer.request('putRollout', args) };
    this.presence = {
      put: (...args) => this.#writer.request('putPresence', args),
      turnOffline: (...args) => this.#writer.request('turnOffline', args),
      of: (...args) => this.#reader.request('presence', args),
    };
    this.readings = new SqliteReadings(this.#writer, this.#reader, options.log, limits);
    this.raw = new SqliteRaw(this.#writer, this.#scanner);
    this.series = new SqliteSeries(this.#scanner);
    const writer = this.#writer;
    const widths = this.#widths;
    const { inboxMs, rawMs } = limits;
    const { log, acceptance } = options;
    const duty = { clock, log, acceptance, intervalMs: limits.sweepIntervalMs, pauseMs: limits.sweepPauseMs };
    this.sweeper = new StepDuty({
      ...duty,
      name: 'retention-sweeper',
      step: () => writer.requestOfDuty('sweep', [clock.now(), { inboxMs, rawMs }, limits.sweepRowsMax]),
      complaint: 'Cannot remove old rows of the device store; trying again later',
    });
    this.typeSweeper = new StepDuty({
      ...duty,
      name: 'type-sweeper',
      intervalMs: limits.typeSweepIntervalMs,
      step: () => writer.requestOfDuty('sweepTypes', [clock.now(), widths, limits.sweepRowsMax]),
      complaint: 'Cannot remove history that is older than its device type keeps; trying again later',
    });
    const { rollupRowsMax, rollupGatheredMax, rollupBucketsMax, rollupWrittenMax, rollupTextMax } = limits;
    const bounds = { rollupRowsMax, rollupGatheredMax, rollupBucketsMax, rollupWrittenMax, rollupTextMax };
    this.rollups = new StepDuty({
      ...duty,
      name: 'rollups',
      intervalMs: limits.rollupIntervalMs,
      pauseMs: limits.rollupPauseMs,
      step: async () => widths.length > 0 && (await writer.requestOfDuty('rollUp', [widths, bounds])),
      complaint: 'Cannot add readings to the roll-ups; trying again later',
    });
  }

  /** Requests that wait for an answer. */
  get waiting(): number {
    return this.#writer.waiting + this.#reader.waiting + this.#scanner.waiting;
  }

  async start(): Promise<void> {
    makeFolders(dirname(this.#path));
    // The readers open read-only, so the writer makes the file first.
    const writer = await this.#writer.start();
    const [, scanner] = await Promise.all([this.#reader.start(), this.#scanner.start()]);
    const priorityRefused = writer.priorityRefused ?? scanner.priorityRefused;
    if (priorityRefused !== undefined) {
      this.#log.warn('Allow setpriority: storing takes as much of a shared core as acknowledging', { priorityRefused });
    }
    for (const duty of this.#duties) duty.start();
  }

  async stop(): Promise<void> {
    for (const duty of this.#duties) duty.stop();
    // The writer goes last: the last connection to close folds the write-ahead log into the file, which a reader may not do.
    await Promise.all([this.#reader.stop(), this.#scanner.stop()]);
    await this.#writer.stop();
  }

  async numbers(): Promise<StoreNumbers> {
    return { stateKeysLeftOut: this.readings.stateKeysLeftOut, rollups: await this.#rollupProgress() };
  }

  /** Whoever looks at numbers has the others to look at while the store is in trouble. */
  async #rollupProgress(): Promise<readonly RollupProgress[]> {
    try {
      const reach = await this.#reader.request('rollupReach', [this.#widths]);
      const now = this.#clock.now();
      return reach.map(({ waitsSince = now, ...progress }) => ({
        ...progress,
        behindMs: Math.max(0, now - waitsSince),
      }));
    } catch (problem) {
      this.#log.warn('Cannot tell how far the roll-ups are', { problem });
      return [];
    }
  }

  get #duties(): readonly StepDuty[] {
    return [this.sweeper, this.typeSweeper, this.rollups];
  }
}
