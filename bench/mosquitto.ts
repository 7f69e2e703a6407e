import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Broker, endProcess, spawnBroker } from './broker.ts';

// Debian puts it where a user's PATH does not look.
const program =
  ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'].find(existsSync) ?? 'mosquitto';

const startSecondsMax = 10;

/** As it comes, but for what lets the clients in: 20 messages in flight to a subscriber, small packets may be held back. */
const defaults = (port: number): string => `listener ${port} 127.0.0.1
allow_anonymous true
log_type error
`;

/**
 * No limit that drops messages, no delay for small packets, no statistics, and as many messages in flight to a subscriber as
 * mqttload's publishers have: its default of 20 would be what is measured.
 */
const tuned = (port: number): string => `${defaults(port)}max_queued_messages 0
max_inflight_messages 100
set_tcp_nodelay true
sys_interval 0
`;

export async function startMosquitto(folder: string, core: number | undefined, asItComes: boolean): Promise<Broker> {
  const mqttPort = await freePort();
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, asItComes ? defaults(mqttPort) : tuned(mqttPort));
  const { child, errors } = spawnBroker([program, '-c', file], core);
  for (const end = Date.now() + startSecondsMax * 1000; !(await accepts(mqttPort)); await wait(20)) {
    if (child.exitCode !== null)
      throw new Error(`Mosquitto ended with ${child.exitCode} before it was ready:\n${errors()}`);
    if (Date.now() > end) throw new Error(`Mosquitto does not listen after ${startSecondsMax} s:\n${errors()}`);
  }
  return { name: 'Mosquitto', pid: child.pid as number, mqttPort, stop: (signal) => endProcess(child, signal) };
}

/** Such as "2.0.11". */
export function mosquittoVersion(): string {
  // It prints its version with the help, and ends with status 3 then.
  const help = execFileSync('sh', ['-c', `"${program}" -h || true`], { encoding: 'utf8' });
  return /version (\S+)/.exec(help)?.[1] ?? 'of unknown version';
}

async function freePort(): Promise<number> {
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
