import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../src/std/testing/random.ts';
import { CuttableDisk, noCuttableDisk } from './kill/cuttable-disk.ts';
import { FolderCheck } from './kill/folder-check.ts';
import { Load, type LoadOptions } from './kill/load.ts';
import { parseNumbers } from './kill/numbers.ts';
import { accountLines, isFine, record } from './kill/verdict.ts';
import { declareQueue, type SluiceBroker, startSluice } from './sluice.ts';

/**
 * Cuts the power again and again while messages go through the durable queue `bench`, and then accounts for each of them.
 * Ends with status 1 when an acknowledged message is lost, a duplicate has no explanation, a server does not start on what
 * a cut has left, or the run gets stuck.
 */
const usage = `Usage: node bench/power-cut.ts [options]      needs root and loop devices; elsewhere it says so and ends with status 0

  --cuts N           times that the power is cut and the server started again (30)
  --seed N           decides when (1)
  --publishers N     (4)
  --consumers N      (4)
  --size BYTES       of a payload (256)
  --write            write the account to bench/power-cut.md
`;

const flags = {
  cuts: { min: 0, default: 30 },
  seed: { min: 0, default: 1 },
  publishers: { min: 1, default: 4 },
  consumers: { min: 1, default: 4 },
  size: { min: 4, default: 256 },
};

/** The most acknowledgements and receptions between a start and a cut. */
const progressMax = 20_000;
/** For so long a server may go on after a cut, and tell its publishers whatever it likes: their account is looked at. */
const aftermathMsMax = 200;

class PowerCutRun {
  readonly #load: Load;
  readonly #random: Random;
  readonly #cuts: number;
  readonly #disk: CuttableDisk;
  readonly folder: FolderCheck;

  constructor(options: LoadOptions & { readonly cuts: number; readonly seed: number }, disk: CuttableDisk) {
    this.#load = new Load(options);
    this.#random = new Random(options.seed);
    this.#cuts = options.cuts;
    this.#disk = disk;
    this.folder = new FolderCheck(disk.folder, (percent) => this.#random.chance(percent));
  }

  get account(): Load['account'] {
    return this.#load.account;
  }

  /** False where it got stuck. */
  async run(): Promise<boolean> {
    let server = await startSluice({ home: this.#disk.folder });
    // A client that met something that must not be has thrown: neither a server nor a mounted disk may stay behind.
    process.once('uncaughtExceptionMonitor', () => this.#abandon(server.pid));
    try {
      await declareQueue(server);
      this.#load.connect(server.mqttPort);
      for (let cut = 1; cut <= this.#cuts; cut++) {
        const until = this.#load.progress + this.#random.between(1, progressMax);
        if (!(await this.#load.reached(() => this.#load.progress >= until))) return false;
        server = await this.#cut(server, cut);
      }
      this.account.close();
      const isComplete = await this.#load.reached(() => this.account.isComplete);
      await server.stop('SIGKILL');
      await this.folder.check();
      return isComplete;
    } finally {
      this.#load.close();
      await server.stop();
      this.#disk.remove();
    }
  }

  #abandon(pid: number): void {
    process.kill(pid, 'SIGKILL');
    this.#disk.abandon();
  }

  async #cut(server: SluiceBroker, cut: number): Promise<SluiceBroker> {
    const { acknowledged, received } = this.account;
    process.stderr.write(`cut ${cut} at ${acknowledged} acknowledged, ${received} received\n`);
    this.#disk.cut();
    await wait(this.#random.below(aftermathMsMax));
    await server.stop('SIGKILL');
    await this.#load.lifeEnded();
    this.#disk.restore();
    await this.folder.sample();
    const { mqttPort, httpPort } = server;
    const next = await startSluice({ home: this.#disk.folder, mqttPort, httpPort });
    this.#load.connect(next.mqttPort);
    return next;
  }
}

const options = parseNumbers(flags);
if (options === undefined) process.stdout.write(usage);
else {
  const reason = noCuttableDisk();
  if (reason === false) await runOn(new CuttableDisk(), options);
  else process.stdout.write(`Skipped: ${reason}\n`);
}

async function runOn(disk: CuttableDisk, given: NonNullable<typeof options>): Promise<void> {
  const { cuts, seed, publishers, consumers, write } = given;
  const run = new PowerCutRun(given, disk);
  const started = performance.now();
  const isOver = await run.run();
  const seconds = (performance.now() - started) / 1000;
  const lines = [
    `${cuts} power cuts under load, seed ${seed}, ${publishers} publishers, ${consumers} consumers, ${seconds.toFixed(0)} s`,
    ...accountLines(run.account, 'power cut'),
    ...run.folder.lines(),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const command = `node bench/power-cut.ts --cuts ${cuts} --seed ${seed}`;
  if (write) record('power-cut.md', 'The last run of power cuts', command, lines);
  if (!isOver || !isFine(run.account) || run.folder.problems.length > 0) process.exitCode = 1;
}
