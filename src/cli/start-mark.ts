import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../std/folders.ts';
import { isHeld } from '../storage/data-lock.ts';

/**
 * A file beside the data from when a start begins until the server is ready, or has said why it is not. LMDB may die of a
 * damaged page, and the process with it, before anybody can say a word: the next start finds the file.
 *
 * It only helps to find out more: what cannot be read or written here is told to `onProblem`, and prevents no start.
 */
export class StartMark {
  readonly #path: string;
  readonly #onProblem: (problem: unknown) => void;
  /** A living server has the folder open, and may be starting: the file is its own, and this start is refused. */
  #isOthers = false;
  #wasLeft = false;

  constructor(folder: string, onProblem: (problem: unknown) => void) {
    this.#path = join(folder, 'starting');
    this.#onProblem = onProblem;
    this.#attempt(() => this.#set(folder));
  }

  /** Whether the start before this one ended without a word. */
  get wasLeft(): boolean {
    return this.#wasLeft;
  }

  remove(): void {
    if (!this.#isOthers) this.#attempt(() => rmSync(this.#path, { force: true }));
  }

  #set(folder: string): void {
    this.#isOthers = isHeld(folder);
    if (this.#isOthers) return;
    this.#wasLeft = existsSync(this.#path);
    makeFolders(folder);
    writeFileSync(this.#path, '');
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (problem) {
      this.#onProblem(problem);
    }
  }
}
