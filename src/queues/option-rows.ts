import type { QueueKind, QueueOptions } from './options.ts';

/** One row an option: a group's members have a dot in their name. What the reference and `--help` say follows from it. */
export interface QueueOptionRow {
  readonly name: string;
  /** `queue` and `key` also take null; `delays` is a list of milliseconds. */
  readonly kind: 'integer' | 'number' | 'boolean' | 'choice' | 'bindings' | 'queue' | 'key' | 'delays' | 'start';
  /** Undefined where it depends on the queue's name. */
  readonly default: unknown;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  readonly sentence: string;
  /** The kind of queue that has it; in the other it stays at its default. */
  readonly only?: QueueKind;
  /** Whether the option of a queue that is there as `current` stays as it is. */
  readonly immutable?: (current: QueueOptions) => boolean;
}

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const yearMs = 365 * dayMs;
const unbounded = Number.MAX_SAFE_INTEGER;
const rateMax = 10_000_000;

const always = (): boolean => true;

export const queueOptionRows: readonly QueueOptionRow[] = [
  {
    name: 'kind',
    kind: 'choice',
    choices: ['work', 'log'],
    default: 'work',
    immutable: always,
    sentence: 'From a work queue a message leaves when it is acknowledged; in a log it stays for the retention.',
  },
  {
    name: 'bindings',
    kind: 'bindings',
    default: [],
    sentence:
      'MQTT filters of the topics that lead here; `headers` asks for user properties too: `{ "filter": "a/#", "headers": { "match": "any", "colour": "red" } }`.',
  },
  {
    name: 'durability',
    kind: 'choice',
    choices: ['sync', 'async', 'memory'],
    default: 'sync',
    sentence: 'When a publish is acknowledged: flushed, at most 100 ms before it is flushed, or never on disk.',
  },
  {
    name: 'dispatch',
    kind: 'choice',
    choices: ['least_inflight', 'round_robin', 'random', 'sticky'],
    default: 'least_inflight',
    sentence: 'Which consumer with credit gets the next message; sticky: one consumer for each key.',
  },
  integer(
    'maxInflightPerConsumer',
    [1, 65_535],
    1_000,
    'Most unsettled messages of one consumer, whatever its credit. It begins with 32 and earns more by settling them within 100 ms.',
  ),
  integer('maxInflight', [1, 1_000_000], 10_000, 'Most unsettled messages of the queue.'),
  integer('leaseMs', [secondMs, 12 * hourMs], 30 * secondMs, 'Time that a consumer has to settle a message.'),
  integer('maxDeliveries', [0, 1_000], 5, 'Failed deliveries before a message is dead-lettered; 0 for no end.'),
  {
    name: 'backoff.kind',
    kind: 'choice',
    choices: ['none', 'fixed', 'linear', 'exponential', 'list'],
    default: 'exponential',
    sentence: 'How the delay before the next try grows.',
  },
  integer('backoff.initialMs', [0, yearMs], secondMs, 'Delay after the first failure.'),
  {
    name: 'backoff.factor',
    kind: 'number',
    min: 1,
    max: 100,
    default: 2,
    sentence: 'Growth with each failure, where it is exponential.',
  },
  integer('backoff.maxMs', [0, yearMs], 5 * minuteMs, 'Longest delay, before jitter.'),
  {
    name: 'backoff.jitter',
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.2,
    sentence: 'Part of the delay that is random.',
  },
  {
    name: 'backoff.delaysMs',
    kind: 'delays',
    min: 0,
    max: yearMs,
    default: [],
    sentence: 'The delays of a list, one a failure; the last one stands for all further failures.',
  },
  {
    name: 'deadLetter',
    kind: 'queue',
    default: undefined,
    sentence:
      'Queue for messages that cannot be processed, made on first use (default `<name>.dead`); null drops them.',
  },
  {
    name: 'ordering',
    kind: 'choice',
    choices: ['none', 'key', 'total'],
    default: 'none',
    immutable: always,
    sentence: 'What is delivered one at a time and in order, over retries too: nothing, the messages of a key, all.',
  },
  {
    name: 'orderingKey',
    kind: 'key',
    default: null,
    immutable: ({ ordering }) => ordering === 'key',
    sentence:
      'Where the key of a message is: `topic`, `topic:2` (a level, from 1), `property:name` (a user property) or `json:$.a.b` (in the payload); a message without one stands alone.',
  },
  {
    name: 'lastValue.key',
    kind: 'key',
    default: null,
    only: 'work',
    immutable: always,
    sentence:
      'An expression as of orderingKey: only the newest message of each key is kept, up to the moment of sending.',
  },
  work(
    'priorities',
    [1, 10],
    1,
    'Levels of the user property sluice-priority, from 1, which is also that of messages without one; the highest goes first, and a message that asks for more, up to 10, has it.',
  ),
  work('priorityAgeingMs', [0, dayMs], minuteMs, 'Waiting that lifts a message by one level; 0 for never.'),
  work(
    'delayMs',
    [0, yearMs],
    0,
    'Time before a message can be delivered; its user property sluice-delay, in milliseconds up to 365 d, goes first.',
  ),
  work(
    'ttlMs',
    [0, 10 * yearMs],
    14 * dayMs,
    'Longest wait for a delivery, without a delay; 0 for no end. A message that expires earlier by itself does.',
  ),
  {
    name: 'expired',
    kind: 'choice',
    choices: ['dead-letter', 'drop'],
    default: 'dead-letter',
    only: 'work',
    sentence: 'Where a message goes whose time ran out.',
  },
  {
    name: 'deduplication.scope',
    kind: 'choice',
    choices: ['off', 'queue', 'key'],
    default: 'off',
    sentence: 'Within what a user property sluice-dedup-id counts once: nothing, the queue, the messages of a key.',
  },
  integer('deduplication.windowMs', [secondMs, 30 * dayMs], 5 * minuteMs, 'How long an id is remembered.'),
  work('limits.messages', [0, unbounded], 0, 'Most unacknowledged messages; 0 for no limit.'),
  work('limits.bytes', [0, unbounded], 0, 'Most bytes of unacknowledged messages, as stored; 0 for no limit.'),
  {
    name: 'overflow',
    kind: 'choice',
    choices: ['reject', 'block', 'drop_oldest', 'drop_lowest_priority'],
    default: 'reject',
    only: 'work',
    sentence: 'What a publish beyond the limits does: it is refused, it waits, or others make room.',
  },
  rate('rateLimit.in', 'Messages per second that are taken in; 0 for no limit.'),
  rate('rateLimit.out', 'Messages per second that are delivered; 0 for no limit.'),
  rate('rateLimit.perKey.in', 'The same of each key, taken in.'),
  rate('rateLimit.perKey.out', 'The same of each key, delivered.'),
  {
    name: 'singleActiveConsumer',
    kind: 'boolean',
    default: false,
    sentence: 'One consumer gets everything, the longest there is; the others stand by.',
  },
  log('retention.ageMs', [0, 10 * yearMs], 7 * dayMs, 'How long a log keeps a message; 0 for ever.'),
  log('retention.bytes', [0, unbounded], 0, 'Most bytes of a log; 0 for no limit.'),
  log('retention.messages', [0, unbounded], 0, 'Most messages of a log; 0 for no limit.'),
  {
    name: 'retention.compact',
    kind: 'key',
    default: null,
    only: 'log',
    sentence: 'An expression as of orderingKey: the newest message of each key stays whatever the other limits say.',
  },
  {
    name: 'group.start',
    kind: 'start',
    default: 'latest',
    only: 'log',
    sentence:
      'Where a new group begins: `latest`, `earliest`, a sequence in digits, or a time such as `2026-01-31T12:00:00Z`.',
  },
  log(
    'group.expiryMs',
    [0, 10 * yearMs],
    30 * dayMs,
    'How long a group that nobody consumes keeps its position; 0 for ever.',
  ),
  integer(
    'alerts.depth',
    [0, unbounded],
    0,
    'Messages that wait, in a log for the group that is behind most, that raise the alert `depth`; 0 for never.',
  ),
  integer(
    'alerts.oldestAgeMs',
    [0, yearMs],
    0,
    'Age of the oldest of them that raises the alert `oldest-age`; 0 for never.',
  ),
  integer(
    'alerts.growthPerMinute',
    [0, unbounded],
    0,
    'By how many more of them wait after a minute, at the pace of half a minute, that raises the alert `growth`; 0 for never.',
  ),
  integer(
    'alerts.deadLetters',
    [0, unbounded],
    0,
    'Messages in the dead-letter queue that raise the alert `dead-letters`; 0 for never.',
  ),
  integer(
    'alerts.deadLettersPerMinute',
    [0, unbounded],
    0,
    'How many messages die in a minute, at the pace of half a minute, that raises the alert `dead-letters-growth`; 0 for never.',
  ),
  integer(
    'alerts.stalledMs',
    [0, yearMs],
    0,
    'How long consumers may hold messages and settle none, before it raises the alert `stalled`; 0 for ever.',
  ),
  integer(
    'desiredConsumers.messagesPerConsumer',
    [0, unbounded],
    0,
    'Backlog that one consumer is reckoned for; 0 reckons with how fast messages come and how long one takes.',
  ),
  integer(
    'desiredConsumers.drainMs',
    [1_000, dayMs],
    minuteMs,
    'How long consumers may take for the backlog, in that reckoning.',
  ),
  integer('desiredConsumers.max', [1, 65_535], 100, 'Most consumers that are asked for; of a log for each group.'),
  { name: 'paused', kind: 'boolean', default: false, sentence: 'Accepts messages and delivers none.' },
];

function integer(name: string, [min, max]: [number, number], fallback: number, sentence: string): QueueOptionRow {
  return { name, kind: 'integer', min, max, default: fallback, sentence };
}

function work(name: string, range: [number, number], fallback: number, sentence: string): QueueOptionRow {
  return { ...integer(name, range, fallback, sentence), only: 'work' };
}

function log(name: string, range: [number, number], fallback: number, sentence: string): QueueOptionRow {
  return { ...integer(name, range, fallback, sentence), only: 'log' };
}

function rate(name: string, sentence: string): QueueOptionRow {
  return { name, kind: 'number', min: 0, max: rateMax, default: 0, sentence };
}
