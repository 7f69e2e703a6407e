import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Broker, endProcess, spawnBroker } from './broker.ts';

const launcher = fileURLToPath(new URL('../bin/sluice.js', import.meta.url));

export interface SluiceBroker extends Broker {
  readonly httpPort: number;
  /** Of further listeners, by name. */
  readonly listenerPorts: Readonly<Record<string, number>>;
}

export interface SluiceOptions {
  /** Its data and its configuration go here. A second start with the same home goes on with the same data. */
  readonly home: string;
  /** 0 picks a free one. */
  readonly mqttPort?: number;
  readonly httpPort?: number;
  readonly core?: number;
  /** Further listeners, as the configuration has them. */
  readonly listeners?: Readonly<Record<string, object>>;
  /** Ends it by SIGKILL, also while it starts; where that is over already it is not started. */
  readonly signal?: AbortSignal;
}

/** The defaults, but for the limit that would turn the idle connections away. */
const configuration = { mqtt: { connectionsMax: 20_000 } };

/** Starts Sluice and waits until it is ready. Rejects with what it wrote to standard error when it ends before. */
export async function startSluice(options: SluiceOptions): Promise<SluiceBroker> {
  const { home, mqttPort = 0, httpPort = 0, core, listeners = {}, signal } = options;
  signal?.throwIfAborted();
  const ports = ['--mqtt-port', String(mqttPort), '--http-port', String(httpPort)];
  const config = join(home, 'sluice.config.json');
  writeFileSync(config, JSON.stringify({ ...configuration, listeners }));
  const place = ['--config', config, '--data', join(home, 'data')];
  const { child, errors } = spawnBroker([process.execPath, launcher, 'start', ...ports, ...place], core);
  signal?.addEventListener('abort', () => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [])]);
  if (line === undefined) throw new Error(`Sluice ended before it was ready:\n${errors()}`);
  const ready = JSON.parse(line);
  if (ready.event !== 'ready') throw new Error(`Expected the ready line of Sluice, met ${line}`);
  return {
    pid: ready.pid,
    mqttPort: ready.mqtt,
    httpPort: ready.http,
    listenerPorts: ready.listeners,
    stop: (signal) => endProcess(child, signal),
  };
}

/** Declares the durable queue, bound to the filter. */
export async function declareQueue(broker: SluiceBroker, name = 'bench', filter = 'bench/#'): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}/v1/queues`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, options: { bindings: [{ filter }] } }),
  });
  if (!response.ok) throw new Error(`Cannot declare queue "${name}": ${response.status} ${await response.text()}`);
}
