import type { Random } from '../../../../std/testing/random.ts';
import type { Durability, GivenQueueOptions, Overflow } from '../../../options.ts';

/** Of one run: a publish that waits for one queue drops nothing from another, so that what is dropped is known at once. */
export const overflowsOf: Readonly<Record<'dropping' | 'waiting', readonly Overflow[]>> = {
  dropping: ['reject', 'drop_oldest'],
  waiting: ['reject', 'block'],
};

/** What a queue of the model begins with: no jitter, so that the reference knows when a message is due. */
export function optionsByChance(random: Random, overflows: readonly Overflow[]): GivenQueueOptions {
  const kind = random.pick(['plain', 'plain', 'priorities', 'key', 'total', 'last-value', 'last-value']);
  const fixed: GivenQueueOptions = {
    leaseMs: 5_000,
    maxDeliveries: random.pick([0, 1, 3, 3, 3, 6]),
    expired: random.pick(['dead-letter', 'dead-letter', 'drop']),
    backoff: {
      kind: random.pick(['exponential', 'exponential', 'fixed', 'linear', 'list', 'none']),
      initialMs: 800,
      factor: 3,
      maxMs: 30_000,
      jitter: 0,
      delaysMs: [500, 0, 4_000],
    },
    orderingKey: 'property:key',
    ordering: kind === 'key' || kind === 'total' ? kind : 'none',
    lastValue: { key: kind === 'last-value' ? 'property:key' : null },
    priorities: kind === 'priorities' ? 2 : 1,
    durability: durabilityByChance(random, overflows),
  };
  return { ...fixed, ...liveByChance(random, fixed, overflows) };
}

/** What is dropped is learnt by looking, which flushes: nothing of a run that drops is written late. */
export function durabilityByChance(random: Random, overflows: readonly Overflow[]): Durability {
  const written: Durability = overflows === overflowsOf.dropping ? 'sync' : random.pick(['sync', 'sync', 'async']);
  return random.chance(25) ? 'memory' : written;
}

/** Those that change while the queue runs. */
export function liveByChance(
  random: Random,
  { priorities, lastValue }: GivenQueueOptions,
  overflows: readonly Overflow[],
): GivenQueueOptions {
  const hasPriorities = priorities !== 1;
  const overflow = random.pick(overflows);
  return {
    priorities: hasPriorities ? random.pick([2, 3, 5]) : 1,
    priorityAgeingMs: random.pick([0, 1_000, 5_000]),
    overflow: hasPriorities && overflow === 'drop_oldest' ? 'drop_lowest_priority' : overflow,
    paused: random.chance(15),
    maxInflight: random.between(5, 34),
    dispatch: random.pick(['least_inflight', 'round_robin', 'random', 'sticky']),
    singleActiveConsumer: random.chance(20),
    delayMs: lastValue?.key === null && random.chance(10) ? random.between(1, 5_000) : 0,
    limits: limitsByChance(random, overflow),
    rateLimit: {
      in: random.chance(15) ? random.between(5, 40) : 0,
      out: random.chance(15) ? random.between(5, 40) : 0,
      perKey: { in: random.chance(10) ? random.between(2, 20) : 0 },
    },
    deduplication: { scope: random.pick(['off', 'queue', 'key']), windowMs: random.pick([1_000, 30_000]) },
  };
}

function limitsByChance(random: Random, overflow: Overflow): GivenQueueOptions['limits'] {
  const isFull = random.chance(overflow === 'reject' ? 20 : 50);
  const bounds = isFull ? random.pick(['messages', 'messages', 'bytes', 'both'] as const) : 'none';
  return {
    messages: bounds === 'messages' || bounds === 'both' ? random.between(10, 100) : 0,
    bytes: bounds === 'bytes' || bounds === 'both' ? random.between(1_000, 12_000) : 0,
  };
}
