import type { Clock, Timer } from '../std/clock.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';
import type { Environment } from './environment.ts';

/** How long a reader that was killed may keep pages from being used again. */
const sweepMs = 60_000;

interface ReaderSweeperParts {
  readonly environment: Pick<Environment, 'forgetDeadReaders'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Forgets the readers of processes that are gone: backups and checks that were killed. */
export class ReaderSweeper implements Part {
  readonly name = 'reader-sweeper';
  readonly #parts: ReaderSweeperParts;
  #timer: Timer | undefined;

  constructor(parts: ReaderSweeperParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock.after(sweepMs, () => {
      this.sweep();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  sweep(): void {
    const readers = this.#parts.environment.forgetDeadReaders();
    if (readers > 0) this.#parts.log.warn('Readers that were killed are forgotten', { readers });
  }
}
