import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Broker, endProcess, freePort, spawnBroker, untilListening } from './broker.ts';

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

export function startMosquitto(folder: string, core: number | undefined): Promise<Broker> {
  return start(tuned, folder, core);
}

export function startMosquittoAsItComes(folder: string, core: number | undefined): Promise<Broker> {
  return start(defaults, folder, core);
}

async function start(
  configuration: (port: number) => string,
  folder: string,
  core: number | undefined,
): Promise<Broker> {
  const mqttPort = await freePort();
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, configuration(mqttPort));
  const spawned = spawnBroker([program, '-c', file], core);
  await untilListening('Mosquitto', spawned, mqttPort, startSecondsMax);
  return { pid: spawned.child.pid as number, mqttPort, stop: (signal) => endProcess(spawned.child, signal) };
}

/** Such as "2.0.11". */
export function mosquittoVersion(): string {
  // It prints its version with the help, and ends with status 3 then.
  const help = execFileSync('sh', ['-c', `"${program}" -h || true`], { encoding: 'utf8' });
  return /version (\S+)/.exec(help)?.[1] ?? 'of unknown version';
}
