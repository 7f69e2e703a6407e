import { SluiceError } from '../errors.ts';
import { packageVersion } from '../std/package-version.ts';
import { advise } from './advise.ts';
import { backup } from './backup.ts';
import { ban } from './ban.ts';
import { claimKey } from './claim-key.ts';
import { type Command, group, type Terminal, UsageError } from './command.ts';
import { dead } from './dead.ts';
import { decodeAgain } from './decode-again.ts';
import { demo } from './demo.ts';
import { device } from './device.ts';
import { doctor } from './doctor.ts';
import { driver } from './driver/driver.ts';
import { exportHistory } from './export-history.ts';
import { hash } from './hash.ts';
import { help, usage } from './help.ts';
import { move } from './move.ts';
import { locate, parse } from './parse.ts';
import { pub } from './pub.ts';
import { queue } from './queue.ts';
import { restore } from './restore.ts';
import { start } from './start.ts';
import { sub } from './sub.ts';
import { worker } from './worker.ts';

/** Every command. */
export const root: Command = group(
  'sluice',
  'An MQTT broker with durable queues and a device pipeline, in one program',
  [
    start,
    worker,
    pub,
    sub,
    queue,
    dead,
    move,
    device,
    claimKey,
    driver,
    advise,
    decodeAgain,
    exportHistory,
    ban,
    hash,
    backup,
    restore,
    doctor,
    demo,
  ],
);

/** Exit statuses: done, failed, wrongly called. */
const exitFailed = 1;
const exitUsage = 2;

/** Runs one command line and answers the exit status. */
export async function runCli(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  let at: { command: Command; path: readonly string[] } = { command: root, path: [root.name] };
  try {
    const located = locate(root, asFlag(argv));
    at = located;
    const { options, operands } = parse(located.command, located.rest, terminal.env);
    if (options.help === true) terminal.out(help(located.command, located.path));
    else if (options.version === true) terminal.out(packageVersion());
    else if (located.command.run === undefined) throw new UsageError('Cannot go on without a command');
    else return await located.command.run({ options: options as never, operands, terminal });
    return 0;
  } catch (problem) {
    if (!(problem instanceof UsageError)) {
      terminal.err(sentenceOf(problem));
      return exitFailed;
    }
    terminal.err(problem.message);
    terminal.err(`Usage: ${usage(at.command, at.path)}`);
    terminal.err(`Help:  ${at.path.join(' ')} --help`);
    return exitUsage;
  }
}

/** `sluice help queue create` asks for the same as `sluice queue create --help`. */
function asFlag(argv: readonly string[]): readonly string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
}

function sentenceOf(problem: unknown): string {
  if (problem instanceof SluiceError) return `${problem.message} (${problem.code})`;
  return problem instanceof Error ? problem.message : String(problem);
}

function processTerminal(): Terminal {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    stdin: process.stdin,
    env: process.env,
    cwd: process.cwd(),
  };
}
