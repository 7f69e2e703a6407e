import { toSluiceError } from '../errors.ts';
import { type Acceptance, behindAnswers } from '../std/acceptance.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { PipelineLimits } from './limits.ts';

export interface DeviceRefreshParts {
  /** Where given, nothing is looked up in front of the answers of those who wait, for up to `holdMsMax`. */
  readonly acceptance?: Acceptance;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Log, 'warn'>;
  readonly limits: Pick<PipelineLimits, 'devicesRefreshedAtOnceMax' | 'holdMsMax' | 'refreshPauseMs'>;
  readonly defer?: (run: () => void) => void;
}

/**
 * Looks devices up again for which nobody waits, at most `devicesRefreshedAtOnceMax` at the same time, and others get their turn of the
 * event loop in between. Where one cannot be looked up the log says it, and it goes on after `refreshPauseMs`.
 */
export class DeviceRefresh {
  readonly #lookup: (id: string) => Promise<unknown>;
  readonly #parts: DeviceRefreshParts;
  readonly #defer: (run: () => void) => void;
  readonly #due = new Set<string>();
  #running = false;
  #stopped = true;
  #pause: Timer | undefined;

  constructor(lookup: (id: string) => Promise<unknown>, parts: DeviceRefreshParts) {
    this.#lookup = lookup;
    this.#parts = parts;
    this.#defer = parts.defer ?? setImmediate;
  }

  start(): void {
    this.#stopped = false;
  }

  /** What is due stays as it is. */
  stop(): void {
    this.#stopped = true;
    this.#due.clear();
    if (this.#pause === undefined) return;
    this.#pause.cancel();
    this.#pause = undefined;
    this.#running = false;
  }

  /** The device is to be looked up again, soon. */
  add(id: string): void {
    if (this.#stopped) return;
    this.#due.add(id);
    if (!this.#running) this.#goOnLater();
  }

  /** Nobody is interested in it any more. */
  remove(id: string): void {
    this.#due.delete(id);
  }

  #goOnLater(): void {
    this.#running = true;
    this.#defer(() => this.#goOn());
  }

  #goOn(): void {
    const { acceptance, clock, limits } = this.#parts;
    if (acceptance === undefined) void this.#some();
    else behindAnswers(acceptance, clock, limits.holdMsMax, () => void this.#some());
  }

  async #some(): Promise<void> {
    const ids = this.#take();
    const outcomes = await Promise.allSettled(ids.map(this.#lookup));
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    this.#running = false;
    if (this.#stopped) return;
    if (failed.length > 0) this.#rest(failed);
    else if (this.#due.size > 0) this.#goOnLater();
  }

  #rest(failed: readonly unknown[]): void {
    const { clock, limits, log } = this.#parts;
    log.warn('Cannot look devices up again: they stay as they are known for a while', {
      devices: failed.length,
      problem: toSluiceError(failed[0]),
    });
    this.#running = true;
    this.#pause = clock.after(limits.refreshPauseMs, () => {
      this.#pause = undefined;
      this.#running = false;
      if (this.#due.size > 0) this.#goOnLater();
    });
  }

  #take(): string[] {
    const ids: string[] = [];
    for (const id of this.#due) {
      if (ids.length === this.#parts.limits.devicesRefreshedAtOnceMax) break;
      ids.push(id);
      this.#due.delete(id);
    }
    return ids;
  }
}
