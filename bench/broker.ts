import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';

/** A broker under test, in a process of its own. */
export interface Broker {
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

/** The broker on one core and the load on another, so that they do not take time from each other. */
export const [brokerCore, loadCore] = availableParallelism() > 1 ? [0, 1] : [undefined, undefined];

const errorCharactersKept = 4_000;

/** Starts a broker on the core for brokers, with as many file descriptors as the system allows. */
export function spawnBroker(
  command: readonly string[],
  core: number | undefined,
  env: NodeJS.ProcessEnv = process.env,
): Spawned {
  const line = core === undefined ? command : ['taskset', '-c', String(core), ...command];
  // Mosquitto does not raise its own limit of open files, which 15,000 connections need.
  const child = spawn('sh', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$@"', 'sh', ...line], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
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

/** Resolves when the port takes connections. Ends the process and rejects where it does not in time. */
export async function untilListening(name: string, spawned: Spawned, port: number, secondsMax: number): Promise<void> {
  const { child, errors } = spawned;
  // It may write a banner there, and would wait for a full pipe.
  child.stdout?.resume();
  for (const end = Date.now() + secondsMax * 1_000; !(await accepts(port)); await wait(20)) {
    if (child.exitCode !== null)
      throw new Error(`${name} ended with ${child.exitCode} before it was ready:\n${errors()}`);
    if (Date.now() < end) continue;
    await endProcess(child, 'SIGKILL');
    throw new Error(`${name} does not listen after ${secondsMax} s:\n${errors()}`);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
