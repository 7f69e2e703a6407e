import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A `sluice worker` in a process of its own. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #said = new EventEmitter();
  /** The exit status, null after a signal. */
  readonly ended: Promise<number | null>;

  constructor(url: string, token: string, name: string) {
    this.#child = spawn(process.execPath, [main, 'worker', '--url', url, '--token', token, '--name', name], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.ended = once(this.#child, 'exit').then(([code]) => code as number | null);
    createInterface({ input: this.#child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      this.#lines.push(line);
      this.#said.emit('line');
    });
  }

  /** Everything that it logged. */
  get log(): string {
    return this.#lines.join('\n');
  }

  /** Resolves once it has a session, for the `count`th time. */
  async atWork(count = 1): Promise<void> {
    const gone = this.ended.then((code) => {
      throw new Error(`The worker ended with ${code}:\n${this.log}`);
    });
    gone.catch(() => undefined);
    while (this.#lines.filter((line) => line.includes('"At work"')).length < count) {
      await Promise.race([once(this.#said, 'line'), gone]);
    }
  }

  signal(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }
}
