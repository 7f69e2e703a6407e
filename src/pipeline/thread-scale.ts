import type { Log } from '../std/log.ts';

/** What runs drivers, in as many threads as it is told. */
interface Scaled {
  readonly threads: number;
  /** Messages that wait for their drivers. */
  readonly waiting: number;
  setThreads(count: number): Promise<void>;
}

export interface ThreadScaleOptions {
  readonly threadsMin: number;
  readonly threadsMax: number;
}

/** How often somebody is to call `follow`, in milliseconds. */
export const scaleMs = 5_000;
/** Looks in a minute: so long less has to be enough before there are fewer, since a thread that starts compiles its drivers anew. */
const looksHeld = 12;
/** Messages that wait for drivers and are enough work for one more thread: what a thread is given at a time. */
const waitingPerThread = 500;

/**
 * How many threads run drivers: as many as the ingest queue needs consumers, or as what waited for drivers at a look of the
 * last minute kept busy, whichever is more. The queue says how much is behind; inline messages show only in what waits.
 */
export class ThreadScale {
  readonly #drivers: Scaled;
  readonly #options: ThreadScaleOptions;
  readonly #log: Log;
  /** What the messages that waited needed, at the last looks. What the queue needs is held by who says it. */
  readonly #recent: number[] = [];
  #resizing = false;

  constructor(drivers: Scaled, options: ThreadScaleOptions, log: Log) {
    this.#drivers = drivers;
    this.#options = options;
    this.#log = log;
  }

  follow(desiredConsumers: number): void {
    const { threadsMin, threadsMax } = this.#options;
    const busy = Math.ceil(this.#drivers.waiting / waitingPerThread);
    this.#recent.push(busy);
    if (this.#recent.length > looksHeld) this.#recent.shift();
    const wanted = Math.max(threadsMin, Math.min(threadsMax, Math.max(desiredConsumers, ...this.#recent)));
    if (wanted === this.#drivers.threads || this.#resizing) return;
    this.#resizing = true;
    void this.#resize(wanted);
  }

  async #resize(wanted: number): Promise<void> {
    try {
      await this.#drivers.setThreads(wanted);
      this.#log.info('Drivers run in another number of threads', { threads: wanted });
    } catch (problem) {
      this.#log.warn('Cannot change how many threads run drivers; the next look tries again', { problem });
    } finally {
      this.#resizing = false;
    }
  }
}
