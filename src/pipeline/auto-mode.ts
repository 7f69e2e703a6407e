import type { Clock, Timer } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { PipelineLimits } from './limits.ts';

/** What the decision is made from. */
export interface AutoLoad {
  /** Of the inline lane, 0 to 1. */
  readonly load: number;
  /** How long its last batch took, and how many were finished. */
  readonly latencyMs: number;
  readonly batches: number;
}

/** How many messages are in the ingest queue, whatever they wait for. */
export type QueueSize = () => Promise<number>;

/**
 * Where messages of `auto` ways go: inline while that answers fast, by the queue in a burst and until the queue is empty again, so
 * that no message of a device overtakes those that wait for the pipeline. It goes back only after a calm while, so that a load at
 * the edge does not make it change with every message. It begins queued, since the queue may not be empty at the start.
 */
export class AutoMode {
  readonly #inline: AutoLoad;
  readonly #queueSize: QueueSize;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: PipelineLimits;
  #isQueued = true;
  #calmSince = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #stopped = false;
  /** Batches that were finished before the last change: how long they took says nothing of now. */
  #batchesBefore = 0;
  /** How often it has changed. */
  changes = 0;

  constructor(inline: AutoLoad, queueSize: QueueSize, clock: Clock, log: Log, limits: PipelineLimits) {
    this.#inline = inline;
    this.#queueSize = queueSize;
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  /** For one message: nothing is looked at but two numbers, and the queue only while it is in use. */
  mode(): 'inline' | 'queued' {
    if (!this.#isQueued && this.#isBusy()) this.#change(true);
    if (!this.#isQueued) return 'inline';
    this.#timer ??= this.#lookLater();
    return 'queued';
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #isBusy(): boolean {
    const { load, latencyMs, batches } = this.#inline;
    if (load > this.#limits.autoLoadHigh) return true;
    return batches > this.#batchesBefore && latencyMs > this.#limits.autoLatencyMsMax;
  }

  #lookLater(): Timer {
    return this.#clock.after(this.#limits.autoLookMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    try {
      const size = await this.#queueSize();
      const now = this.#clock.now();
      const isCalm = size === 0 && this.#inline.load < this.#limits.autoLoadLow;
      this.#calmSince = isCalm ? Math.min(this.#calmSince, now) : Number.POSITIVE_INFINITY;
      if (now - this.#calmSince >= this.#limits.autoCalmMsMin) this.#change(false);
    } catch (problem) {
      this.#log.warn('Cannot look at the ingest queue: device types with mode auto stay queued', { problem });
    }
    this.#timer = this.#isQueued && !this.#stopped ? this.#lookLater() : undefined;
  }

  #change(isQueued: boolean): void {
    this.#isQueued = isQueued;
    this.#calmSince = Number.POSITIVE_INFINITY;
    this.changes++;
    this.#batchesBefore = this.#inline.batches;
    const { load, latencyMs } = this.#inline;
    this.#log.info('Device types with mode auto change their way', {
      to: isQueued ? 'queued' : 'inline',
      load,
      latencyMs,
    });
  }
}
