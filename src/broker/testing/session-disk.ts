import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ConsumerSource, MessageSink } from '../../message.ts';
import { silentLog } from '../../std/log.ts';
import { Environment, type Row } from '../../storage/environment.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import type { RowBatch } from '../../storage/row-batch.ts';
import type { TableName } from '../../storage/tables.ts';
import type { BrokerLimits } from '../limits.ts';
import type { BrokerOptions } from '../options.ts';
import { SessionTable } from '../session-table.ts';
import { BrokerFixture } from './broker-fixture.ts';

interface Parts {
  /** Read at each start. */
  options?: Partial<BrokerOptions>;
  readonly sources?: ConsumerSource[];
  readonly sinks?: MessageSink[];
}

/** The broker with clients in memory and its sessions on a real disk, which can be started again as after a crash. */
export class SessionDisk {
  readonly #folder: string;
  readonly #limits: Partial<BrokerLimits>;
  readonly #parts: Parts;
  #environment: Environment;
  #commit: GroupCommit;
  #isBroken = false;
  fixture: BrokerFixture;

  constructor(t: TestContext, limits: Partial<BrokerLimits> = {}, parts: Parts = {}) {
    this.#folder = mkdtempSync(join(tmpdir(), 'sluice-sessions-'));
    this.#limits = limits;
    this.#parts = parts;
    [this.#environment, this.#commit, this.fixture] = this.#open();
    t.after(async () => {
      await this.#environment.close();
      rmSync(this.#folder, { recursive: true });
    });
  }

  /** Everything that follows from what happened so far is on disk, and has been told to those who waited. */
  async flushed(): Promise<void> {
    for (let i = 0; i < 4; i++) await this.#commit.flushed();
  }

  /** Another process opens what is on disk; the clients of the one before are never heard of again. */
  async restart(): Promise<void> {
    await this.#environment.close();
    this.#isBroken = false;
    [this.#environment, this.#commit, this.fixture] = this.#open();
  }

  /** What is there in the place of each row, as after a fault of the disk. */
  async damage(table: TableName, value: Buffer): Promise<void> {
    for (const { key } of this.rows(table)) this.#commit.put(table, key, value);
    await this.flushed();
  }

  /** From now on nothing is stored any more, until the next restart. */
  breaks(): void {
    this.#isBroken = true;
  }

  /** All rows of a table, as of the last flush. */
  rows(table: TableName): Row[] {
    return this.#environment.readRange(table, Buffer.from([0]), Buffer.alloc(16, 0xff), Number.POSITIVE_INFINITY);
  }

  count(table: TableName): number {
    return this.rows(table).length;
  }

  #open(): [Environment, GroupCommit, BrokerFixture] {
    const environment = new Environment(this.#folder);
    const transact = (rows: RowBatch): Promise<void> =>
      this.#isBroken ? Promise.reject(new Error('The disk is full')) : environment.transact(rows);
    const commit = new GroupCommit({ environment: { transact } });
    const sessionLog = new SessionTable(environment, commit, silentLog);
    return [environment, commit, new BrokerFixture({ sessionLog, limits: this.#limits, ...this.#parts })];
  }
}
