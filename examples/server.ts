import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** The server that an example runs against: its own, or the one that SLUICE_MQTT_URL and SLUICE_URL name. */
export class ExampleServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  readonly isOwn = process.env.SLUICE_URL === undefined;
  mqttUrl = process.env.SLUICE_MQTT_URL ?? 'mqtt://127.0.0.1:1883';
  httpUrl = process.env.SLUICE_URL ?? '';
  #process: ChildProcess | undefined;

  async start(): Promise<void> {
    if (!this.isOwn) return;
    const port = (url: string): string => new URL(url).port;
    const ports = this.httpUrl === '' ? ['0', '0'] : [port(this.mqttUrl), port(this.httpUrl)];
    const data = join(this.folder, 'data');
    const child = spawn(
      process.execPath,
      [main, 'start', '--data', data, '--mqtt-port', ports[0], '--http-port', ports[1]],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    this.#process = child;
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const ready = JSON.parse(line) as { mqtt: number; http: number };
    this.mqttUrl = `mqtt://127.0.0.1:${ready.mqtt}`;
    this.httpUrl = `http://127.0.0.1:${ready.http}`;
  }

  /** As a power cut would, and up again with what is on disk. */
  async killAndRestart(): Promise<void> {
    await this.#end('SIGKILL');
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Makes the queue afresh. */
  async declare(name: string, options: object): Promise<void> {
    if (!this.isOwn) await this.#api('DELETE', `/v1/queues/${name}`);
    const answer = await this.#api('POST', '/v1/queues', { name, options });
    if (!answer.ok) throw new Error(`Cannot make the queue "${name}": ${await answer.text()}`);
  }

  async numbers(queue: string): Promise<Readonly<Record<string, number>>> {
    const answer = await this.#api('GET', `/v1/queues/${queue}/stats`);
    return (await answer.json()) as Record<string, number>;
  }

  #api(method: string, path: string, body?: object): Promise<Response> {
    const content = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return fetch(this.httpUrl + path, { method, ...content });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Ends an example: its account, and the exit status that says whether it adds up. */
export function conclude(account: string, addsUp: boolean): void {
  say(`Account: ${account}.`);
  say(addsUp ? 'It adds up.' : 'It does not add up!');
  process.exitCode = addsUp ? 0 : 1;
}
