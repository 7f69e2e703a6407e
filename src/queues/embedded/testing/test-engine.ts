import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedClock } from '../../../std/clock.ts';
import { silentLog } from '../../../std/log.ts';
import { Random } from '../../../std/testing/random.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { turns } from '../../testing/recording-consumer.ts';
import { EmbeddedEngine } from '../engine.ts';
import type { HotLimits } from '../hot-window.ts';

/** For tests: an engine in a folder of its own, with a clock that stands still and random numbers from a seed. */
export class TestEngine {
  clock = new SimulatedClock();
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-queues-'));
  readonly #hot: HotLimits | undefined;
  readonly #random: Random;
  environment!: Environment;
  commit!: GroupCommit;
  engine!: EmbeddedEngine;

  constructor(options: { hot?: HotLimits; random?: Random } = {}) {
    this.#hot = options.hot;
    this.#random = options.random ?? new Random(1);
  }

  async open(): Promise<this> {
    this.environment = new Environment(this.#folder);
    this.commit = new GroupCommit({ environment: this.environment });
    this.engine = new EmbeddedEngine({
      environment: this.environment,
      commit: this.commit,
      clock: this.clock,
      random: this.#random.fraction,
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
    // The timers of the engine that died stay behind with its clock.
    this.clock = new SimulatedClock(this.clock.now());
    await this.environment.close();
    await this.open();
    return this.engine;
  }

  async close(): Promise<void> {
    await this.engine.stop();
    await this.environment.close();
    rmSync(this.#folder, { recursive: true });
  }
}
