import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A file beside the data from when a start begins until the server is ready, or has said why it is not. LMDB may die of a
 * damaged page, and the process with it, before anybody can say a word: the next start finds the file.
 */
export class StartMark {
  readonly #path: string;
  /** Whether the start before this one ended without a word. */
  readonly wasLeft: boolean;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, 'starting');
    this.wasLeft = existsSync(this.#path);
    writeFileSync(this.#path, '');
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}
