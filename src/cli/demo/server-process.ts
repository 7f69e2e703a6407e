import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const readyMsMax = 20_000;
const stopMsMax = 10_000;

/** The server as a process of its own, on one data folder and, once it chose them, on the same ports. */
export class ServerProcess {
  readonly logFile: string;
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #abandoned = false;
  mqttPort = 0;
  httpPort = 0;

  /** `folder` is empty or not there yet; data and log go into it. */
  constructor(folder: string) {
    this.#folder = folder;
    this.logFile = `${folder}/server.log`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** Resolves when the server accepts connections. */
  async start(): Promise<void> {
    this.#refuseWhenAbandoned();
    // The sources run as `.ts`, what was built of them as `.js`.
    const main = fileURLToPath(new URL(`../../main${extname(import.meta.filename)}`, import.meta.url));
    const ports = ['--mqtt-port', String(this.mqttPort), '--http-port', String(this.httpPort)];
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [main, 'start', '--host', '127.0.0.1', '--data', './data', ...ports], {
      cwd: this.#folder,
      env: withoutSettings(process.env),
      stdio: ['ignore', 'pipe', log],
    });
    closeSync(log);
    this.#process = child;
    const ready = await firstLine(child);
    if (ready === undefined)
      throw new Error(`Cannot start the server: it ended before it was ready; see ${this.logFile}`);
    const { mqtt, http } = JSON.parse(ready) as { mqtt: number; http: number };
    this.mqttPort = mqtt;
    this.httpPort = http;
  }

  /** SIGKILL: the process gets no chance to do anything. */
  async kill(): Promise<void> {
    this.#refuseWhenAbandoned();
    await this.#end('SIGKILL');
  }

  /** Asks the server to stop. Rejects where it does not, or not with status 0. */
  async stop(): Promise<void> {
    const status = await this.#end('SIGTERM');
    if (status !== undefined && status !== 0) {
      throw new Error(`The server stopped with status ${status}; see ${this.logFile}`);
    }
  }

  /** For a story that breaks off: whatever of it still runs cannot start the server again. */
  abandon(): void {
    this.#abandoned = true;
    this.#process?.kill('SIGKILL');
  }

  #refuseWhenAbandoned(): void {
    if (this.#abandoned) throw new Error('The server was abandoned');
  }

  async #end(signal: NodeJS.Signals): Promise<number | null | undefined> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
    const timeout = AbortSignal.timeout(stopMsMax);
    const exited = once(child, 'exit', { signal: timeout });
    child.kill(signal);
    try {
      const [status] = await exited;
      return status;
    } catch (cause) {
      child.kill('SIGKILL');
      throw new Error(`The server did not end within ${stopMsMax} ms of ${signal}; see ${this.logFile}`, { cause });
    }
  }
}

/** The first line that the child prints; undefined where it ends without one, or takes too long. */
async function firstLine(child: ChildProcess): Promise<string | undefined> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const late = setTimeout(() => child.kill('SIGKILL'), readyMsMax);
  try {
    for await (const line of lines) return line;
    return undefined;
  } finally {
    clearTimeout(late);
    child.stdout?.resume();
  }
}

/** The demo's server takes no settings from where the demo was started. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SLUICE_')));
}
