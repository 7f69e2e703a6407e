import type { GroupInfo } from './engine.ts';
import type { QueueKind } from './options.ts';
import type { QueueStats } from './queue-stats.ts';

/** What consumers still have before them. */
export interface QueueBacklog {
  /** Deliveries: a message of a log counts once for each group that has not settled it. */
  readonly deliveries: number;
  /** Messages that wait, for the group that is behind most. */
  readonly waiting: number;
  /** Age of the oldest of them. */
  readonly oldestAgeMs: number;
  /** How many deliveries a message that comes makes. */
  readonly readings: number;
}

export function backlogOf(kind: QueueKind, stats: QueueStats, groups: readonly GroupInfo[]): QueueBacklog {
  if (kind === 'work') {
    const { ready, leased, oldestReadyAgeMs } = stats;
    return { deliveries: ready + leased, waiting: ready, oldestAgeMs: oldestReadyAgeMs, readings: 1 };
  }
  return {
    deliveries: groups.reduce((sum, { lagMessages }) => sum + lagMessages, 0),
    waiting: Math.max(0, ...groups.map(({ lagMessages }) => lagMessages)),
    oldestAgeMs: Math.max(0, ...groups.map(({ lagMs }) => lagMs)),
    readings: groups.length,
  };
}
