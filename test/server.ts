import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A real server in a process of its own, on free ports and a data folder that goes with the test. */
export class Server {
  readonly data: string;
  mqttPort = 0;
  httpPort = 0;
  /** The port of every listener for MQTT, by name. */
  listeners: Readonly<Record<string, number>> = {};
  #process: ChildProcess | undefined;
  readonly #flags: readonly string[];
  readonly #folder: string;
  readonly #log: string[] = [];
  readonly #logLines = new EventEmitter();

  /** `folder`: where the process works. */
  constructor(data: string, flags: readonly string[], folder: string) {
    this.data = data;
    this.#folder = folder;
    this.#flags = flags;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get mqttUrl(): string {
    return `mqtt://127.0.0.1:${this.mqttPort}`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** Starts, on the ports of the last time where there was one, and waits for the ready line. */
  async start(): Promise<void> {
    const ports = ['--mqtt-port', String(this.mqttPort), '--http-port', String(this.httpPort)];
    const child = spawn(process.execPath, [main, 'start', '--data', this.data, ...ports, ...this.#flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#folder,
    });
    this.#process = child;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#log.push(line);
      if (this.#log.length > logLinesMax) this.#log.shift();
      this.#logLines.emit('line');
    });
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`The server ended before it was ready:\n${this.#log.join('\n')}`);
    });
    const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
    ended.catch(() => undefined);
    const ready = JSON.parse(line) as ReadyLine;
    this.mqttPort = ready.mqtt;
    this.httpPort = ready.http;
    this.listeners = ready.listeners;
  }

  /** Sends the signal and waits for the end; answers the exit status, null after a signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = (await ended) as [number | null];
    return code;
  }

  /** Resolves with the exit status when it has ended by itself. */
  get ended(): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return this.stop();
    return once(child, 'exit').then(([code]) => code as number | null);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** The newest lines of its log. */
  log(): readonly string[] {
    return this.#log;
  }

  /** Resolves with the first line of its log that matches, from now on or among the newest. */
  async logged(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = this.#log.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      await once(this.#logLines, 'line');
    }
  }

  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.httpUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

interface ReadyLine {
  readonly event: string;
  readonly mqtt: number;
  readonly http: number;
  readonly listeners: Readonly<Record<string, number>>;
}

/** A test, or a file of tests: what ends some time. */
interface Ending {
  after(hook: () => void | Promise<void>): void;
}

/** A started server that is stopped, and its data removed, when the test ends. */
export async function startServer(t: Ending, flags: readonly string[] = [], folder = process.cwd()): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const server = new Server(data, flags, folder);
  t.after(async () => {
    await server.stop('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  });
  await server.start();
  return server;
}

/** A started server with these options in a config file, in a folder of its own or in the one that is named. */
export function startConfigured(t: Ending, options: object, named?: string): Promise<Server> {
  const folder = named ?? mkdtempSync(join(tmpdir(), 'sluice-config-'));
  if (named === undefined) t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sluice.config.json');
  writeFileSync(file, JSON.stringify(options));
  return startServer(t, ['--config', file]);
}

const logLinesMax = 200;
