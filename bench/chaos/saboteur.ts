import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { type Api, ApiError } from '../../src/cli/api.ts';
import { dataFiles } from '../../src/platform/data-files.ts';
import type { Random } from '../../src/std/testing/random.ts';
import type { ChaosServer } from './chaos-server.ts';
import { highestAtFirst, highestLater } from './traffic.ts';

/** How often a run did what. */
export type Disturbances = Record<string, number>;

/** Does to a server, while devices send, what happens to servers. */
export class Saboteur {
  readonly done: Disturbances = {};
  readonly #server: ChaosServer;
  readonly #random: Random;
  #modes = 0;
  #tightened = false;

  constructor(server: ChaosServer, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  /** One after the other until `ended` says so; then the pipeline goes on. */
  async work(ended: () => boolean): Promise<void> {
    while (!ended()) {
      await wait(20 + this.#random.below(200));
      if (!ended()) await this.#disturb();
    }
    await this.#server.api.post('/v1/queues/ingest/resume');
  }

  async #disturb(): Promise<void> {
    const [name, act] = this.#random.choose<readonly [string, () => Promise<void>]>([
      [3, ['kill', () => this.#kill()]],
      [4, ['slow store', () => this.#holdStore(this.#random.below(1_000))]],
      [0.3, ['failing store', () => this.#holdStore(7_000)]],
      [3, ['mode', () => this.#changeMode()]],
      [2, ['schema', () => this.#tightenSchema()]],
      [2, ['pause', () => this.#pause()]],
    ]);
    await act();
    this.done[name] = (this.done[name] ?? 0) + 1;
  }

  async #kill(): Promise<void> {
    await this.#server.kill();
    await this.#server.start();
  }

  /** Somebody else holds the lock on the file: writing waits, and behind its patience fails. */
  async #holdStore(ms: number): Promise<void> {
    const database = new DatabaseSync(join(this.#server.folder, 'data', dataFiles.devices), { timeout: 5_000 });
    try {
      database.exec('BEGIN IMMEDIATE');
      await wait(ms);
      database.exec('ROLLBACK');
    } finally {
      database.close();
    }
  }

  async #changeMode(): Promise<void> {
    this.#modes++;
    await this.#describe();
  }

  async #tightenSchema(): Promise<void> {
    this.#tightened = true;
    await this.#describe();
  }

  async #describe(): Promise<void> {
    const mode = this.#modes % 2 === 0 ? 'queued' : 'inline';
    await describeTypes(this.#server.api, mode, this.#tightened ? highestLater : highestAtFirst);
  }

  async #pause(): Promise<void> {
    await this.#server.api.post('/v1/queues/ingest/pause');
    await wait(this.#random.below(500));
    await this.#server.api.post('/v1/queues/ingest/resume');
  }
}

/** Says what the two types of devices are. Asks again where the store is busy. */
export async function describeTypes(api: Api, mode: 'inline' | 'queued', highest: number): Promise<void> {
  const schemas = {
    telemetry: {
      type: 'object',
      required: ['v'],
      properties: { v: { type: 'integer', minimum: 0, maximum: highest } },
    },
  };
  for (const name of ['chaos-json', 'chaos-codec']) {
    while (!(await accepted(() => api.put(`/v1/device-types/${name}`, { mode, schemas })))) await wait(50);
  }
}

async function accepted(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (problem) {
    if (problem instanceof ApiError && problem.status >= 500) return false;
    throw problem;
  }
}
