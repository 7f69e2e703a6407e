import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Broker, endProcess, freePort, spawnBroker, untilListening } from './broker.ts';

const program = 'nats-server';
const startSecondsMax = 10;

/**
 * Files of JetStream as they come: written at once, flushed every two minutes. A payload of 1 MiB and its headers fit into a
 * message, and a consumer may have as many unacknowledged as one of Sluice's (its default is 100).
 */
const configuration = (mqttPort: number, clientPort: number, store: string): string => `server_name: bench
listen: "127.0.0.1:${clientPort}"
max_payload: 2MB
jetstream { store_dir: "${store}" }
mqtt { listen: "127.0.0.1:${mqttPort}", max_ack_pending: 1000 }
`;

export async function startNats(folder: string, core: number | undefined): Promise<Broker> {
  const mqttPort = await freePort();
  const file = join(folder, 'nats.conf');
  writeFileSync(file, configuration(mqttPort, await freePort(), join(folder, 'jetstream')));
  const spawned = spawnBroker([program, '-c', file, '-l', join(folder, 'nats.log')], core);
  await untilListening('nats-server', spawned, mqttPort, startSecondsMax);
  return { pid: spawned.child.pid as number, mqttPort, stop: (signal) => endProcess(spawned.child, signal) };
}

/** Such as "2.9.10". */
export function natsVersion(): string {
  const line = execFileSync(program, ['--version'], { encoding: 'utf8' });
  return /v(\d\S*)/.exec(line)?.[1] ?? 'of unknown version';
}
