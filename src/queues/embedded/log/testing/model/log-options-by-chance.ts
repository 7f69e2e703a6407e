import type { Random } from '../../../../../std/testing/random.ts';
import type { GivenQueueOptions } from '../../../../options.ts';
import { logKeys } from './log-entry.ts';

/** What the log of the model begins with: no jitter, so that the reference knows when a message is due. */
export function logOptionsByChance(random: Random): GivenQueueOptions {
  return {
    kind: 'log',
    bindings: [{ filter: 'log' }],
    leaseMs: 5_000,
    ordering: random.pick(['none', 'key', 'key', 'total']),
    orderingKey: 'property:key',
    ...liveLogOptions(random),
  };
}

/** Those that change while the log runs. */
export function liveLogOptions(random: Random): GivenQueueOptions {
  return {
    durability: random.pick(['sync', 'sync', 'async']),
    maxDeliveries: random.pick([0, 1, 3, 3, 6]),
    backoff: {
      kind: random.pick(['exponential', 'fixed', 'linear', 'list', 'none']),
      initialMs: 800,
      factor: 3,
      maxMs: 30_000,
      jitter: 0,
      delaysMs: [500, 0, 4_000],
    },
    dispatch: random.pick(['least_inflight', 'round_robin', 'random', 'sticky']),
    maxInflight: random.between(5, 34),
    paused: random.chance(10),
    group: { start: random.pick(['earliest', 'latest', '20']) },
    retention: retentionByChance(random),
  };
}

function retentionByChance(random: Random): GivenQueueOptions['retention'] {
  return {
    messages: random.chance(40) ? random.between(10, 100) : 0,
    bytes: random.chance(30) ? random.between(1_000, 12_000) : 0,
    ageMs: random.chance(30) ? random.between(2_000, 60_000) : 0,
    compact: random.chance(50) ? random.pick(Object.keys(logKeys)) : null,
  };
}
