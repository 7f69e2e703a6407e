import { SluiceError } from '../../errors.ts';
import { emptyReading } from '../../std/histogram.ts';
import type { Engine, GroupInfo, QueueInfo } from '../engine.ts';
import type { GivenQueueOptions } from '../options.ts';
import { type QueueStats, queueDropReasons } from '../queue-stats.ts';
import { resolveOptions } from '../resolve-options.ts';

/** Nothing in it, nothing has happened. */
export const noStats: QueueStats = {
  ready: 0,
  readyByPriority: [0],
  leased: 0,
  scheduled: 0,
  bytes: 0,
  consumers: 0,
  oldestReadyAgeMs: 0,
  blocked: 0,
  deadLetters: 0,
  deadLetterCauses: 0,
  deadLetterGroups: [],
  enqueued: 0,
  delivered: 0,
  redelivered: 0,
  acknowledged: 0,
  released: 0,
  failed: 0,
  leasesExpired: 0,
  deadLettered: 0,
  expired: 0,
  dropped: Object.fromEntries(Object.keys(queueDropReasons).map((reason) => [reason, 0])) as QueueStats['dropped'],
  moved: 0,
  rejected: 0,
  groupsRefused: {},
  duplicates: 0,
  elided: 0,
  timeInQueueMs: emptyReading,
  processingMs: emptyReading,
};

/** A group of a log that has nothing to do. */
export const idleGroup: GroupInfo = {
  name: 'idle',
  position: 0,
  leased: 0,
  scheduled: 0,
  consumers: 0,
  lagMessages: 0,
  lagMs: 0,
  timeToDrainMs: undefined,
  acknowledged: 0,
  heldMs: 0,
  failed: 0,
  deadLettered: 0,
  skipped: 0,
};

/** For tests: queues whose numbers are what the test says. */
export class ScriptedQueues implements Pick<Engine, 'list' | 'info' | 'stats' | 'groups'> {
  readonly #queues = new Map<string, { info: QueueInfo; stats: QueueStats }>();
  /** Of every log. */
  groupsOfLogs: readonly GroupInfo[] = [];

  set(name: string, stats: Partial<QueueStats>, options: GivenQueueOptions = {}, createdAt = 1): void {
    const info = { name, options: resolveOptions(name, options), createdAt };
    this.#queues.set(name, { info, stats: { ...noStats, ...stats } });
  }

  remove(name: string): void {
    this.#queues.delete(name);
  }

  async list(): Promise<readonly QueueInfo[]> {
    return [...this.#queues.values()].map(({ info }) => info);
  }

  async info(name: string): Promise<QueueInfo> {
    return this.#queue(name).info;
  }

  async stats(name: string): Promise<QueueStats> {
    return this.#queue(name).stats;
  }

  async groups(): Promise<readonly GroupInfo[]> {
    return this.groupsOfLogs;
  }

  #queue(name: string): { info: QueueInfo; stats: QueueStats } {
    const queue = this.#queues.get(name);
    if (queue === undefined) throw new SluiceError('queue_not_found', `There is no queue "${name}"`);
    return queue;
  }
}
