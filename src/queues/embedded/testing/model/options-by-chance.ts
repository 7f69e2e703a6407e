import type { Random } from '../../../../std/testing/random.ts';
import type { GivenQueueOptions } from '../../../options.ts';

/** What a queue of the model begins with: no jitter, so that the reference knows when a message is due. */
export function optionsByChance(random: Random): GivenQueueOptions {
  return {
    leaseMs: 5_000,
    maxDeliveries: random.pick([1, 3, 3, 3, 6]),
    backoff: {
      kind: random.pick(['exponential', 'exponential', 'fixed', 'none']),
      initialMs: 800,
      factor: 3,
      maxMs: 30_000,
      jitter: 0,
    },
    ordering: random.pick(['none', 'none', 'key', 'total']),
    orderingKey: 'property:key',
    ...liveByChance(random),
  };
}

/** Those that change while the queue runs. */
export function liveByChance(random: Random): GivenQueueOptions {
  return {
    paused: random.chance(15),
    maxInflight: random.between(5, 34),
    dispatch: random.pick(['least_inflight', 'round_robin', 'random', 'sticky']),
    singleActiveConsumer: random.chance(10),
    delayMs: random.chance(10) ? random.between(1, 5_000) : 0,
    limits: { messages: random.chance(20) ? random.between(20, 200) : 0 },
  };
}
