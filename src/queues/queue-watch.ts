import { SluiceError } from '../errors.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { HistogramReading } from '../std/histogram.ts';
import { inSlices } from '../std/in-slices.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';
import type { Engine, QueueEvent, QueueInfo } from './engine.ts';
import { backlogOf } from './queue-backlog.ts';
import type { QueueNumbers } from './queue-numbers.ts';
import { WatchedQueue } from './watched-queue.ts';

export interface QueueWatchParts {
  readonly engine: Pick<Engine, 'list' | 'info' | 'stats' | 'groups'>;
  readonly commitUs: () => HistogramReading;
  readonly onEvent: (event: QueueEvent) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Somebody whose capacity follows what a queue needs. */
export interface Follower {
  /** How many consumers the one that it has at the engine counts as now. Absent: it has none there. */
  readonly consumers?: number;
  follow(desiredConsumers: number): void;
}

/**
 * Looks at every queue once in `watchMs`: that is where rates, alerts and the number of consumers that a queue needs come from.
 * The queues themselves count and know nothing of it.
 */
export class QueueWatch implements Part {
  readonly name = 'queue watch';
  readonly #parts: QueueWatchParts;
  readonly #watched = new Map<string, WatchedQueue>();
  readonly #followers = new Map<string, readonly Follower[]>();
  #timer: Timer | undefined;
  #stopped = true;
  /** Queues that are seen now were there before the server was: their alerts may have been raised. */
  #isStarting = false;

  constructor(parts: QueueWatchParts) {
    this.#parts = parts;
  }

  /** Looks at once, so that nobody takes a server that has just started for one with nothing to do. */
  async start(): Promise<void> {
    this.#stopped = false;
    this.#isStarting = true;
    await this.look();
    this.#isStarting = false;
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  follow(queue: string, follower: Follower): void {
    this.#followers.set(queue, [...(this.#followers.get(queue) ?? []), follower]);
  }

  /** Rejects with `queue_not_found`. */
  async numbers(queue: string): Promise<QueueNumbers> {
    return this.#numbers(await this.#parts.engine.info(queue));
  }

  /** Of the first `max` queues, a slice of them in a turn; and how many are left out. */
  async first(
    max: number,
  ): Promise<{ readonly queues: readonly (QueueInfo & { readonly numbers: QueueNumbers })[]; readonly left: number }> {
    const all = await this.#parts.engine.list();
    const shown = all.slice(0, max);
    const numbers = await inSlices(shown, queuesPerTurn, (info) =>
      unlessRemoved(async () => ({ ...info, numbers: await this.#numbers(info) })),
    );
    return { queues: numbers.filter((each) => each !== undefined), left: all.length - shown.length };
  }

  /** Looks at every queue now. */
  async look(): Promise<void> {
    const { engine } = this.#parts;
    const queues = await engine.list();
    const names = new Set(queues.map(({ name }) => name));
    for (const name of this.#watched.keys()) if (!names.has(name)) this.#watched.delete(name);
    await inSlices(queues, queuesPerTurn, (info) => unlessRemoved(() => this.#lookAt(info)));
  }

  async #lookAt(info: QueueInfo): Promise<void> {
    const { clock, onEvent, log } = this.#parts;
    const { stats, groups, backlog } = await this.#seen(info);
    const followers = this.#followers.get(info.name) ?? [];
    const watched = this.#watchedQueue(info);
    const consumers = followers.reduce((sum, { consumers = 1 }) => sum + consumers - 1, stats.consumers);
    for (const { kind, detail, presumed } of watched.look(
      { ...stats, consumers },
      backlog,
      info.options,
      clock.now(),
    )) {
      if (kind === 'alert-raised') log.warn('A queue raises an alert', { queue: info.name, ...detail });
      if (kind === 'alert-cleared' && !presumed) log.info('A queue clears an alert', { queue: info.name, ...detail });
      onEvent({ queue: info.name, at: clock.now(), kind, detail });
    }
    watched.lookAtGroups(groups, info.options, clock.now());
    for (const follower of followers) follower.follow(watched.desiredConsumers);
  }

  async #numbers(info: QueueInfo): Promise<QueueNumbers> {
    const { stats, groups, backlog } = await this.#seen(info);
    const watched = this.#watchedQueue(info);
    return {
      ...stats,
      ...watched.findings(backlog),
      paused: info.options.paused,
      groups: groups.map((group) => ({ ...group, desiredConsumers: watched.desiredConsumersOf(group.name) })),
      commitUs: this.#parts.commitUs(),
    };
  }

  async #seen({ name, options: { kind } }: QueueInfo) {
    const { engine } = this.#parts;
    const stats = await engine.stats(name);
    const groups = kind === 'log' ? await engine.groups(name) : [];
    return { stats, groups, backlog: backlogOf(kind, stats, groups) };
  }

  #watchedQueue({ name, createdAt }: QueueInfo): WatchedQueue {
    const known = this.#watched.get(name);
    // One that was removed and made again begins anew.
    if (known?.createdAt === createdAt) return known;
    const watched = new WatchedQueue(createdAt, this.#isStarting);
    this.#watched.set(name, watched);
    return watched;
  }

  #arm(): void {
    this.#timer = this.#parts.clock.after(watchMs, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    try {
      await this.look();
    } catch (problem) {
      this.#parts.log.error('Cannot look at the queues', { problem });
    }
    if (!this.#stopped) this.#arm();
  }
}

export const watchMs = 5_000;
/** Queues that are looked at in one turn of the event loop. */
export const queuesPerTurn = 25;

/** A queue may be removed between two answers of the engine; its numbers are of no interest then. */
async function unlessRemoved<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (problem) {
    if (problem instanceof SluiceError && problem.code === 'queue_not_found') return undefined;
    throw problem;
  }
}
