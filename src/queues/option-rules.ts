import { isDeepStrictEqual } from 'node:util';
import { type QueueOptionRow, queueOptionRows } from './option-rows.ts';
import type { QueueOptions } from './options.ts';

/** What is wrong with options that are each valid, and what to do about it; undefined where nothing is. */
export function optionsProblem(options: QueueOptions): string | undefined {
  const strange = queueOptionRows.find((row) => isOfOtherKind(row, options));
  if (strange !== undefined) {
    return `leave out option "${strange.name}": only a ${strange.only} queue has it, and kind is "${options.kind}"`;
  }
  return rules.find((rule) => rule.broken(options))?.problem;
}

interface Rule {
  readonly broken: (options: QueueOptions) => boolean;
  readonly problem: string;
}

const nameTheKey =
  'set option "orderingKey" to where the key is, for example "topic", or "property:sluice-key" for one that publishers give';

const rules: readonly Rule[] = [
  {
    broken: ({ ordering, orderingKey }) => ordering === 'key' && orderingKey === null,
    problem: `ordering by key needs a key: ${nameTheKey}`,
  },
  {
    broken: ({ dispatch, orderingKey }) => dispatch === 'sticky' && orderingKey === null,
    problem: `dispatch "sticky" needs a key: ${nameTheKey}`,
  },
  {
    broken: ({ deduplication, orderingKey }) => deduplication.scope === 'key' && orderingKey === null,
    problem: `deduplication by key needs a key: ${nameTheKey}`,
  },
  {
    broken: ({ rateLimit: { perKey }, orderingKey }) => perKey.in + perKey.out > 0 && orderingKey === null,
    problem: `a rate limit per key needs a key: ${nameTheKey}`,
  },
  {
    broken: ({ lastValue, ordering }) => lastValue.key !== null && ordering !== 'none',
    problem:
      'leave option "ordering" at "none": a queue with lastValue.key has at most one message of each key, and so no order to keep',
  },
  {
    broken: ({ lastValue, priorities }) => lastValue.key !== null && priorities > 1,
    problem: 'leave option "priorities" at 1: with lastValue.key a newer message takes the place of the one that waits',
  },
  {
    broken: ({ lastValue, delayMs }) => lastValue.key !== null && delayMs > 0,
    problem: 'leave option "delayMs" at 0: a queue with lastValue.key has the newest message of a key at once',
  },
  {
    broken: ({ ordering, priorities }) => ordering !== 'none' && priorities > 1,
    problem: 'choose one of options "ordering" and "priorities": a message that overtakes others breaks their order',
  },
  {
    broken: ({ overflow, priorities }) => overflow === 'drop_lowest_priority' && priorities === 1,
    problem:
      'set option "priorities" to 2 or more, or option "overflow" to "drop_oldest": all messages have one priority',
  },
  {
    broken: ({ backoff }) => backoff.kind === 'list' && backoff.delaysMs.length === 0,
    problem: 'set option "backoff.delaysMs" to the delays of the list, for example [1000, 60000]',
  },
  {
    broken: ({ kind, durability }) => kind === 'log' && durability === 'memory',
    problem: 'set option "durability" to "sync" or "async": a log is read from disk',
  },
];

function isOfOtherKind(row: QueueOptionRow, options: QueueOptions): boolean {
  if (row.only === undefined || row.only === options.kind) return false;
  return !isDeepStrictEqual(optionOf(options, row.name), row.default);
}

/** The value of a row. */
export function optionOf(options: object, name: string): unknown {
  return name.split('.').reduce<unknown>((value, member) => (value as Record<string, unknown>)[member], options);
}
