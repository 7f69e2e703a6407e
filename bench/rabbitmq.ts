import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Broker, endProcess, freePort, spawnBroker, untilListening } from './broker.ts';

const home = '/usr/lib/rabbitmq';
// Not the one on the PATH: that one turns to the user and the folders of the machine's own server.
const program = join(home, 'bin/rabbitmq-server');
const startSecondsMax = 60;

/**
 * Classic durable queues and their flushes as they come. A consumer may have as many unacknowledged as one of Sluice's (its
 * default is 10).
 */
const configuration = (mqttPort: number): string => `listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:${mqttPort}
mqtt.allow_anonymous = true
mqtt.prefetch = 1000
log.console = false
log.file.level = error
`;

/** A node with its own folder, name, cookie and port mapper: another server on the machine does not hear of it. */
export async function startRabbitmq(folder: string, core: number | undefined): Promise<Broker> {
  const [mqttPort, mapperPort, nodePort] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'rabbitmq.conf'), configuration(mqttPort));
  writeFileSync(join(folder, 'enabled_plugins'), '[rabbitmq_mqtt].\n');
  const env = { ...process.env, ...environment(folder, mapperPort, nodePort) };
  const mapper = spawnBroker(['epmd'], undefined, env).child;
  const spawned = spawnBroker([program], core, env);
  try {
    await untilListening('RabbitMQ', spawned, mqttPort, startSecondsMax);
  } catch (error) {
    await endProcess(mapper);
    throw error;
  }
  return { pid: spawned.child.pid as number, mqttPort, stop: (signal) => stop(spawned.child, mapper, signal) };
}

function environment(folder: string, mapperPort: number, nodePort: number): NodeJS.ProcessEnv {
  return {
    HOME: folder,
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'bench@localhost',
    RABBITMQ_DIST_PORT: String(nodePort),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    // The script then becomes the server instead of waiting for it, so that its process id is the server's.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_START_ARGS: '-noinput',
  };
}

async function stop(server: ChildProcess, mapper: ChildProcess, signal: NodeJS.Signals | undefined): Promise<void> {
  await endProcess(server, signal);
  await endProcess(mapper);
}

/** Such as "3.10.8": the name of the folder that holds its plug-ins has it. */
export function rabbitmqVersion(): string {
  const libraries = join(home, 'lib');
  const folders = existsSync(libraries) ? readdirSync(libraries) : [];
  return /rabbitmq_server-(\S+)/.exec(folders.join(' '))?.[1] ?? 'of unknown version';
}
