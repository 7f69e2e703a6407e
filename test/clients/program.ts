import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/**
 * Why a test with a program of another maker cannot run here, or false. In CI a missing program is an error: there the
 * build installs it.
 */
export function missing(path: string, debianPackage: string): string | false {
  if (existsSync(path)) return false;
  if (process.env.CI === 'true') throw new Error(`${path} is missing: install the Debian package ${debianPackage}`);
  return `${path} is not installed (Debian package ${debianPackage})`;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs until it ends; its output can be waited for line by line. */
export class Program {
  readonly ended: Promise<Ended>;
  #stdout = '';
  #stderr = '';
  readonly #waiting = new Set<() => void>();
  #isOver = false;
  readonly #kill: () => void;

  constructor(command: string, args: readonly string[], input?: string) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.end(input);
    child.stdout.on('data', (chunk: Buffer) => this.#add(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      this.#changed();
    });
    this.#kill = () => void child.kill('SIGKILL');
    this.ended = once(child, 'close').then(([code]) => {
      this.#isOver = true;
      this.#changed();
      return { code: code as number | null, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** Waits until standard output (or the error output) holds this text. */
  async says(text: string): Promise<void> {
    while (!this.#stdout.includes(text) && !this.#stderr.includes(text)) {
      if (this.#isOver) throw new Error(`Ended without saying "${text}":\n${this.#stdout}\n${this.#stderr}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  kill(): void {
    this.#kill();
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #add(text: string): void {
    this.#stdout += text;
    this.#changed();
  }
}
