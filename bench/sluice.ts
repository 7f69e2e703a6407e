import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Broker, endProcess, spawnBroker } from './broker.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export interface SluiceBroker extends Broker {
  readonly httpPort: number;
}

export interface SluiceOptions {
  readonly data: string;
  /** 0 picks a free one. */
  readonly mqttPort?: number;
  readonly httpPort?: number;
  readonly core?: number;
}

/** Starts Sluice and waits until it is ready. Rejects with what it wrote to standard error when it ends before. */
export async function startSluice(options: SluiceOptions): Promise<SluiceBroker> {
  const { data, mqttPort = 0, httpPort = 0, core } = options;
  const ports = ['--mqtt-port', String(mqttPort), '--http-port', String(httpPort)];
  const { child, errors } = spawnBroker([process.execPath, main, 'start', ...ports, '--data', data], core);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [])]);
  if (line === undefined) throw new Error(`Sluice ended before it was ready:\n${errors()}`);
  const ready = JSON.parse(line);
  if (ready.event !== 'ready') throw new Error(`Expected the ready line of Sluice, met ${line}`);
  return {
    name: 'Sluice',
    pid: ready.pid,
    mqttPort: ready.mqtt,
    httpPort: ready.http,
    stop: (signal) => endProcess(child, signal),
  };
}

/** Declares the durable queue `bench`, bound to `bench/#`. */
export async function declareQueue(broker: SluiceBroker): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}/v1/queues`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', options: { bindings: [{ filter: 'bench/#' }] } }),
  });
  if (!response.ok) throw new Error(`Cannot declare queue "bench": ${response.status} ${await response.text()}`);
}
