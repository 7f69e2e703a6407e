import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedClock } from '../../../std/clock.ts';
import { silentLog } from '../../../std/log.ts';
import { Random } from '../../../std/testing/random.ts';
import type { DiskSpace } from '../../../storage/disk-space.ts';
import { Environment, type Transactor } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import type { RowBatch } from '../../../storage/row-batch.ts';
import type { StorageDouble } from '../../../storage/testing/storage-double.ts';
import { turns } from '../../testing/recording-consumer.ts';
import { checkQueues } from '../check/check-queues.ts';
import { EmbeddedEngine } from '../engine.ts';
import type { HotLimits } from '../hot-window.ts';
import { storedRows } from './stored-rows.ts';

type TestStorage = Pick<Environment, 'get' | 'readRange' | 'readKeys' | 'transact' | 'close'>;

export interface TestEngineOptions {
  readonly hot?: HotLimits;
  readonly random?: Random;
  /** In memory in place of a folder of its own: much faster, and it can be cut off from its power. */
  readonly storage?: StorageDouble;
  /** A test damages rows by itself: they need not agree when the engine opens and closes. */
  readonly damages?: boolean;
  readonly watch?: CommitWatch;
  /** Without it the disk is endless. */
  readonly space?: DiskSpace;
  readonly monotonicMs?: () => number;
}

/** Told of each transaction, when its rows are fixed and when they are on disk. */
interface CommitWatch {
  began(rows: RowBatch): void;
  ended(): void;
}

/** For tests: an engine on storage of its own, with a clock that stands still and random numbers from a seed. */
export class TestEngine {
  clock = new SimulatedClock();
  readonly #folder: string;
  readonly #hot: HotLimits | undefined;
  readonly #random: Random;
  readonly #damages: boolean;
  readonly #watch: CommitWatch | undefined;
  readonly #space: DiskSpace | undefined;
  readonly #monotonicMs: (() => number) | undefined;
  #double: StorageDouble | undefined;
  environment!: TestStorage;
  commit!: GroupCommit;
  engine!: EmbeddedEngine;

  constructor(options: TestEngineOptions = {}) {
    const { hot, random = new Random(1), storage, watch, space, damages = false, monotonicMs } = options;
    this.#monotonicMs = monotonicMs;
    this.#watch = watch;
    this.#space = space;
    this.#hot = hot;
    this.#random = random;
    this.#damages = damages;
    this.#double = storage;
    this.#folder = storage === undefined ? mkdtempSync(join(tmpdir(), 'sluice-queues-')) : '';
  }

  async open(): Promise<this> {
    this.environment = this.#double ?? new Environment(this.#folder);
    this.#checkRows();
    // A clock that nobody moves: no commit takes too long, and one that was cut off leaves no timer.
    this.commit = new GroupCommit({
      environment: this.#watched(this.environment),
      space: this.#space,
      clock: new SimulatedClock(),
    });
    this.engine = new EmbeddedEngine({
      environment: this.environment,
      commit: this.commit,
      clock: this.clock,
      random: this.#random.fraction,
      monotonicMs: this.#monotonicMs,
      log: silentLog,
      hot: this.#hot,
    });
    await this.engine.start();
    return this;
  }

  /** Stops cleanly and opens the same folder again. */
  async reopen(): Promise<EmbeddedEngine> {
    await this.engine.stop();
    await this.environment.close();
    await this.open();
    return this.engine;
  }

  /** Opens the same folder again as after a crash: nothing is returned or written first but what was flushed. */
  async crash(): Promise<EmbeddedEngine> {
    do {
      await this.commit.flushed();
      await turns(1);
    } while (this.commit.unflushedMessages > 0);
    await this.environment.close();
    return this.#openAnew();
  }

  /** As `crash`, and what was not flushed is lost: for an engine on a double. */
  async cutPower(): Promise<EmbeddedEngine> {
    assert.ok(this.#double !== undefined, 'Only a double can lose what was not flushed');
    this.#double = this.#double.cutPower();
    return this.#openAnew();
  }

  async close(): Promise<void> {
    await this.engine.stop();
    this.#checkRows();
    await this.environment.close();
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true });
  }

  /** Whatever an engine did, was interrupted in, or lost: what it leaves on disk agrees with itself. */
  #checkRows(): void {
    if (!this.#damages) assert.deepEqual([...checkQueues(storedRows(this.environment))], []);
  }

  #watched(storage: TestStorage): Transactor {
    const watch = this.#watch;
    if (watch === undefined) return storage;
    // An engine that was cut off may go on for some turns: nothing of that is on its way to the disk.
    const isCutOff = (): boolean => this.environment !== storage;
    return {
      async transact(rows) {
        if (isCutOff()) return storage.transact(rows);
        watch.began(rows);
        await storage.transact(rows);
        watch.ended();
      },
    };
  }

  /** The timers of the engine that died stay behind with its clock. */
  async #openAnew(): Promise<EmbeddedEngine> {
    this.clock = new SimulatedClock(this.clock.now());
    await this.open();
    return this.engine;
  }
}
