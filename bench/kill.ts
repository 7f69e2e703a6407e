import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../src/std/testing/random.ts';
import { FolderCheck } from './kill/folder-check.ts';
import { Load, type LoadOptions } from './kill/load.ts';
import { parseNumbers } from './kill/numbers.ts';
import { accountLines, isFine, record } from './kill/verdict.ts';
import { declareQueue, type SluiceBroker, startSluice } from './sluice.ts';

/**
 * Kills the server again and again while messages go through the durable queue `bench`, and then accounts for each of
 * them. Ends with status 1 when an acknowledged message is lost, a duplicate has no explanation, or the run gets stuck.
 */
const usage = `Usage: node bench/kill.ts [options]

  --cycles N         times that the server is ended by SIGKILL and started again (300)
  --seed N           decides when (1)
  --publishers N     (4)
  --consumers N      (4)
  --size BYTES       of a payload (256)
  --write            write the account to bench/kill.md
`;

const flags = {
  cycles: { min: 0, default: 300 },
  seed: { min: 0, default: 1 },
  publishers: { min: 1, default: 4 },
  consumers: { min: 1, default: 4 },
  size: { min: 4, default: 256 },
};

/** The most acknowledgements and receptions between a start and a kill. */
const progressMax = 20_000;
/** Of a hundred kills, those that come while the server starts. */
const startKillsPercent = 15;
const startMsMax = 600;

class KillRun {
  readonly #load: Load;
  readonly #random: Random;
  readonly #home = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  readonly #cycles: number;
  readonly folder: FolderCheck;
  killedAtStart = 0;

  constructor(options: LoadOptions & { readonly cycles: number; readonly seed: number }) {
    this.#load = new Load(options);
    this.#random = new Random(options.seed);
    this.#cycles = options.cycles;
    this.folder = new FolderCheck(this.#home, (percent) => this.#random.chance(percent));
  }

  get account(): Load['account'] {
    return this.#load.account;
  }

  /** False where it got stuck. */
  async run(): Promise<boolean> {
    let server = await startSluice({ home: this.#home });
    try {
      await declareQueue(server);
      this.#load.connect(server.mqttPort);
      for (let cycle = 1; cycle <= this.#cycles; cycle++) {
        const until = this.#load.progress + this.#random.between(1, progressMax);
        if (!(await this.#load.reached(() => this.#load.progress >= until))) return false;
        server = await this.#kill(server, cycle);
      }
      this.account.close();
      const isComplete = await this.#load.reached(() => this.account.isComplete);
      await server.stop('SIGKILL');
      await this.folder.check();
      return isComplete;
    } finally {
      this.#load.close();
      await server.stop();
      rmSync(this.#home, { recursive: true });
    }
  }

  async #kill(server: SluiceBroker, cycle: number): Promise<SluiceBroker> {
    const { acknowledged, received } = this.account;
    process.stderr.write(`kill ${cycle} at ${acknowledged} acknowledged, ${received} received\n`);
    await server.stop('SIGKILL');
    await this.#load.lifeEnded();
    await this.folder.sample();
    const place = { home: this.#home, mqttPort: server.mqttPort, httpPort: server.httpPort };
    if (this.#random.chance(startKillsPercent)) await this.#killStarting(place);
    const next = await startSluice(place);
    this.#load.connect(next.mqttPort);
    return next;
  }

  /** A server that is killed before anybody spoke to it. */
  async #killStarting(place: { home: string; mqttPort: number; httpPort: number }): Promise<void> {
    const kill = new AbortController();
    const starting = startSluice({ ...place, signal: kill.signal }).then(
      (server) => server,
      () => undefined,
    );
    await Promise.race([starting, wait(this.#random.between(1, startMsMax))]);
    kill.abort();
    const started = await starting;
    await started?.stop('SIGKILL');
    this.killedAtStart++;
  }
}

const options = parseNumbers(flags);
if (options === undefined) process.stdout.write(usage);
else {
  const { cycles, seed, publishers, consumers } = options;
  const run = new KillRun(options);
  const started = performance.now();
  const isOver = await run.run();
  const seconds = (performance.now() - started) / 1000;
  const lines = [
    `${cycles} kills under load and ${run.killedAtStart} while starting, seed ${seed}, ` +
      `${publishers} publishers, ${consumers} consumers, ${seconds.toFixed(0)} s`,
    ...accountLines(run.account, 'kill'),
    ...run.folder.lines(),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const command = `node bench/kill.ts --cycles ${cycles} --seed ${seed}`;
  if (options.write) record('kill.md', 'The last run of kills', command, lines);
  if (!isOver || !isFine(run.account) || run.folder.problems.length > 0) process.exitCode = 1;
}
