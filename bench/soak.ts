import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Random } from '../src/std/testing/random.ts';
import { MemoryWatch } from './soak/memory.ts';
import { Places } from './soak/places.ts';
import { report } from './soak/report.ts';
import { SoakRun } from './soak/soak-run.ts';

/**
 * An hour of a broker's life in minutes. Ends with status 1 when something was lost, came twice at QoS 2, came in the wrong
 * order or should not have come, and, from `memoryMinutesMin` on, when a part of the server's memory grew behind the warm-up.
 */
const usage = `Usage: node bench/soak.ts [options]

  --minutes N   how long messages are sent (10)
  --storm N     connections in each wave, one in ten seconds (2000)
  --seed N      decides when what happens (1)
  --write       write the account to bench/soak.md
`;

const memoryMinutesMin = 8;
// The server on one core and the load on another, so that they do not take time from each other.
const [serverCore, loadCore] = availableParallelism() > 1 ? [0, 1] : [undefined, undefined];

interface Options {
  readonly minutes: number;
  readonly storm: number;
  readonly seed: number;
  readonly write: boolean;
}

const options = parseOptions();
if (options === undefined) process.stdout.write(usage);
else if (!(await soak(options))) process.exitCode = 1;

async function soak({ minutes, storm, seed, write }: Options): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
  const places = await Places.start(home, serverCore);
  if (loadCore !== undefined)
    execFileSync('taskset', ['-acp', String(loadCore), String(process.pid)], { stdio: 'ignore' });
  const run = new SoakRun(places, new Random(seed), storm);
  const memory = new MemoryWatch(places.server);
  try {
    await run.connect();
    const watching = memory.run();
    await run.run(minutes * 60);
    memory.stop();
    await watching;
    const isSettled = await run.finish();
    const retainedWrong = await run.retained.wrong((condition) => run.settled(condition));
    const dropped = await places.dropped();
    const verdict = report(
      run,
      memory,
      { minutes, seed, isSettled, retainedWrong, dropped },
      minutes >= memoryMinutesMin,
    );
    process.stdout.write(verdict.text);
    if (write) writeFileSync(fileURLToPath(new URL('soak.md', import.meta.url)), `# The last soak\n\n${verdict.text}`);
    return verdict.isFine;
  } finally {
    run.close();
    await places.stop();
    rmSync(home, { recursive: true });
  }
}

function parseOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      storm: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const number = (name: 'minutes' | 'storm' | 'seed'): number => {
    const value = Number(values[name]);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new Error(`Expected --${name} to be a number from 0: met "${values[name]}"`);
  };
  return { minutes: number('minutes'), storm: number('storm'), seed: number('seed'), write: values.write };
}
