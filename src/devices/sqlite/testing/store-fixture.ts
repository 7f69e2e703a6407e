import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../std/clock.ts';
import { silentLog } from '../../../std/log.ts';
import type { SqliteLimits } from '../limits.ts';
import { SqliteStore } from '../store.ts';

/** A SQLite store in a temporary folder, for tests. */
export class SqliteFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  readonly path = join(this.folder, 'devices.db');
  readonly #limits: Partial<SqliteLimits>;
  readonly #clock: Clock | undefined;

  constructor(limits: Partial<SqliteLimits> = {}, clock?: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  async open(): Promise<SqliteStore> {
    const store = new SqliteStore({ path: this.path, log: silentLog, limits: this.#limits, clock: this.#clock });
    await store.start();
    return store;
  }

  async reopen(store: { stop(): Promise<void> }): Promise<SqliteStore> {
    await store.stop();
    return this.open();
  }

  async close(store: { stop(): Promise<void> }): Promise<void> {
    await store.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
