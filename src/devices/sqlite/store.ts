import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SluiceError } from '../../errors.ts';
import { type Clock, systemClock } from '../../std/clock.ts';
import type { Log } from '../../std/log.ts';
import type { EventSchemas } from '../event-schemas.ts';
import type { RawMessages } from '../raw.ts';
import type { FirmwareVersions, Registry, Store } from '../store.ts';
import { type SqliteLimits, sqliteLimits } from './limits.ts';
import type { WorkerRole } from './operations.ts';
import { RetentionSweeper } from './retention-sweeper.ts';
import { SqliteRaw } from './sqlite-raw.ts';
import { SqliteReadings } from './sqlite-readings.ts';
import { SqliteRegistry } from './sqlite-registry.ts';
import { WorkerClient } from './worker-client.ts';

export interface SqliteStoreOptions {
  /** The database file; its folder is made where it is missing. Two more files beside it belong to it: `-wal` and `-shm`. */
  readonly path: string;
  readonly log: Log;
  readonly clock?: Clock;
  readonly limits?: Partial<SqliteLimits>;
  /** Called when a thread of the store ended by itself: everything is refused from then on, and the process should end. */
  readonly onFailure?: (failure: SluiceError) => void;
}

/** The device store in one SQLite file, with one thread that writes and one that reads. */
export class SqliteStore implements Store {
  readonly name = 'device-store';
  readonly registry: Registry & FirmwareVersions;
  readonly readings: SqliteReadings;
  readonly schemas: EventSchemas;
  readonly raw: RawMessages;
  /** Removes old rows; public so that a tool or a test can make it take a step at once. */
  readonly sweeper: RetentionSweeper;
  readonly #path: string;
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;

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
    this.#writer = client('writer');
    this.#reader = client('reader');
    this.registry = new SqliteRegistry(this.#writer, this.#reader, clock, limits);
    this.schemas = { versions: (...args) => this.#reader.request('schemaVersions', args) };
    this.readings = new SqliteReadings(this.#writer, this.#reader, options.log, limits);
    this.raw = new SqliteRaw(this.#writer, this.#reader);
    this.sweeper = new RetentionSweeper((...args) => this.#writer.request('sweep', args), clock, options.log, limits);
  }

  /** Requests that wait for an answer. */
  get waiting(): number {
    return this.#writer.waiting + this.#reader.waiting;
  }

  async start(): Promise<void> {
    mkdirSync(dirname(this.#path), { recursive: true });
    // The reader opens read-only, so the writer makes the file first.
    await this.#writer.start();
    await this.#reader.start();
    this.sweeper.start();
  }

  async stop(): Promise<void> {
    this.sweeper.stop();
    // The writer goes last: the last connection to close folds the write-ahead log into the file, which a reader may not do.
    await this.#reader.stop();
    await this.#writer.stop();
  }
}
