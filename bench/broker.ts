import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A broker under test, in a process of its own. */
export interface Broker {
  readonly name: 'Sluice' | 'Mosquitto';
  readonly pid: number;
  readonly mqttPort: number;
  /** Ends it and waits until it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface Spawned {
  readonly child: ChildProcess;
  /** The last of what it wrote to standard error, for the message when it fails. */
  errors(): string;
}

const errorCharactersKept = 4_000;

/** Starts a broker on the core for brokers, with as many file descriptors as the system allows. */
export function spawnBroker(command: readonly string[], core: number | undefined): Spawned {
  const line = core === undefined ? command : ['taskset', '-c', String(core), ...command];
  // Mosquitto does not raise its own limit of open files, which 15,000 connections need.
  const child = spawn('sh', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh', ...line], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors = (errors + text).slice(-errorCharactersKept);
  });
  return { child, errors: () => errors };
}

export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
