import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedClock } from '../../../std/clock.ts';
import { silentLog } from '../../../std/log.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { RetainedTable } from '../../retained-table.ts';
import { SessionTable } from '../../session-table.ts';
import { BrokerFixture } from '../broker-fixture.ts';
import { answered } from '../memory-client.ts';

/** Many runs flush often, and how long a real disk takes is not what they look at. */
const folders = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
/** A message goes through so many flushes at most: PUBLISH, PUBREC, PUBREL of one follow the other. */
const flushesMax = 6;

/** A broker with its sessions and retained messages on disk and a clock that goes on over restarts. */
export class DiskWorld {
  readonly #folder = mkdtempSync(join(folders, 'sluice-model-'));
  #environment!: Environment;
  #commit!: GroupCommit;
  clock = new SimulatedClock();
  fixture!: BrokerFixture<RetainedTable>;

  constructor() {
    this.#open();
  }

  /** Everything that follows from what happened so far has happened. */
  async settled(): Promise<void> {
    for (let flush = 0; flush < flushesMax; flush++) {
      await answered();
      await this.#commit.flushed();
    }
    await answered();
  }

  /** The process dies; another one opens what is on disk. */
  async crash(): Promise<void> {
    // The timers of the broker that died stay behind with its clock.
    this.clock = new SimulatedClock(this.clock.now());
    await this.#environment.close();
    this.#open();
  }

  async close(): Promise<void> {
    await this.#environment.close();
    rmSync(this.#folder, { recursive: true });
  }

  #open(): void {
    this.#environment = new Environment(this.#folder);
    this.#commit = new GroupCommit({ environment: this.#environment });
    this.fixture = new BrokerFixture({
      sessionLog: new SessionTable(this.#environment, this.#commit, silentLog),
      retainedLog: new RetainedTable(this.#environment, this.#commit, silentLog),
      clock: this.clock,
      limits: { sessionMessagesMax: 10_000 },
    });
  }
}
