import type { HistogramReading } from '../std/histogram.ts';
import { type AlertName, alertNames } from './alerts.ts';
import type { GroupLevel } from './causes/dead-letter-groups.ts';
import type { GroupNumbers, NumberRow, QueueMetric, QueueRates, Sample } from './queue-numbers.ts';
import type { QueueStats, QueueTotalName } from './queue-stats.ts';

/* Forms that the number of a queue has. */

export function level(metric: string, topic: string, help: string): NumberRow<number> {
  return {
    help,
    form: 'number',
    metrics: [{ name: metric, type: 'gauge', help, labels: [], read: (value) => [{ labels: {}, value }] }],
    topics: [{ name: topic, help, read: (value) => [[topic, String(value)]] }],
  };
}

export function seconds(metric: string, topic: string, help: string): NumberRow<number> {
  const inSeconds = (ms: number): number => ms / 1_000;
  const read = (ms: number): Sample[] => [{ labels: {}, value: inSeconds(ms) }];
  return {
    help: `${help}, in milliseconds`,
    form: 'number',
    metrics: [{ name: metric, type: 'gauge', help, labels: [], read }],
    topics: [{ name: topic, help: `${help}, in seconds`, read: (ms) => [[topic, String(inSeconds(ms))]] }],
  };
}

export function total(name: QueueTotalName, help: string): NumberRow<number> {
  const row = level(`${words(name, '_')}_total`, words(name, '-'), help);
  return { ...row, metrics: row.metrics.map((metric) => ({ ...metric, type: 'counter' }) as QueueMetric<number>) };
}

export function flag(name: string, help: string): NumberRow<boolean> {
  const { metrics, topics } = level(name, name, help);
  const [metric] = metrics;
  return {
    help,
    form: 'flag',
    metrics: [{ ...metric, type: 'gauge', read: (value) => [{ labels: {}, value: Number(value) }] }],
    topics: [{ ...topics[0], read: (value) => [[name, String(Number(value))]] }],
  };
}

/** Where there is one level alone, it says nothing that `ready` does not say. */
export function byPriority(): NumberRow<readonly number[]> {
  const help = 'Messages that wait for a consumer, by priority, where there are several';
  const several = (counts: readonly number[]): [priority: string, count: number][] =>
    counts.length < 2 ? [] : counts.map((count, priority) => [String(priority), count]);
  return {
    help: 'The same by priority, the lowest first',
    form: 'numbers',
    metrics: [
      {
        name: 'ready_by_priority_messages',
        type: 'gauge',
        help,
        labels: ['priority'],
        read: (counts) => several(counts).map(([priority, value]) => ({ labels: { priority }, value })),
      },
    ],
    topics: [
      { name: 'ready/PRIORITY', help, read: (counts) => several(counts).map(([p, n]) => [`ready/${p}`, String(n)]) },
    ],
  };
}

export function byReason(): NumberRow<QueueStats['dropped']> {
  return reasons('dropped', 'Messages removed without a trace, by reason');
}

/** A work queue has none to show. */
export function groupsRefused(): NumberRow<QueueStats['groupsRefused']> {
  return reasons(
    'groupsRefused',
    'Groups that were not made, by which bound: `log` has as many as it may have, `consumer` has made as many as one may make',
  );
}

function reasons(name: string, help: string): NumberRow<Readonly<Partial<Record<string, number>>>> {
  const topic = words(name, '-');
  return {
    help,
    form: 'counts',
    metrics: [
      {
        name: `${words(name, '_')}_total`,
        type: 'counter',
        help,
        labels: ['reason'],
        read: (counts) => Object.entries(counts).map(([reason, value = 0]) => ({ labels: { reason }, value })),
      },
    ],
    topics: [
      {
        name: `${topic}/REASON`,
        help,
        read: (counts) =>
          Object.entries(counts).map(([reason, count]) => [`${topic}/${words(reason, '-')}`, String(count)]),
      },
    ],
  };
}

export function times(metric: string, topic: string, help: string): NumberRow<HistogramReading> {
  return {
    help: `${help}, in milliseconds`,
    form: 'histogram',
    metrics: [{ name: metric, type: 'histogram', help, labels: [], read: (value) => [{ labels: {}, value }] }],
    topics: quantiles(topic, 1_000, `${help}, in seconds, at this quantile`),
  };
}

export function quantiles(topic: string, perSecond: number, help: string): NumberRow<HistogramReading>['topics'] {
  return [
    {
      name: `${topic}/{p50,p90,p99}`,
      help,
      read: ({ p50, p90, p99 }) =>
        Object.entries({ p50, p90, p99 }).map(([name, value]) => [`${topic}/${name}`, String(value / perSecond)]),
    },
  ];
}

/** Prometheus makes rates of the totals by itself, over any time. */
export function rates(): NumberRow<QueueRates> {
  return {
    help: 'How fast the totals grew over the last half minute, each a second',
    form: 'counts',
    metrics: [],
    topics: [
      {
        name: 'per-second/TOTAL',
        help: 'How fast the total of this name grew over the last half minute, a second; `dropped` for all reasons together',
        read: ({ dropped, ...rest }) => [
          ...Object.entries(rest).map(([name, rate]): [string, string] => [
            `per-second/${words(name, '-')}`,
            rounded(rate),
          ]),
          ['per-second/dropped', rounded(Object.values(dropped).reduce((sum, rate) => sum + rate, 0))],
        ],
      },
    ],
  };
}

export function timeToDrain(): NumberRow<number | null> {
  const row = seconds('time_to_drain_seconds', 'time-to-drain', 'Until nothing waits, where it gets less');
  return {
    help: 'Milliseconds until nothing waits, at the pace of the last half minute; null where it does not get less',
    form: 'number or null',
    metrics: [
      {
        ...row.metrics[0],
        type: 'gauge',
        read: (ms) => (ms === null ? [] : [{ labels: {}, value: ms / 1_000 }]),
      },
    ],
    topics: [{ ...row.topics[0], read: (ms) => [['time-to-drain', ms === null ? 'never' : String(ms / 1_000)]] }],
  };
}

export function alerts(): NumberRow<readonly AlertName[]> {
  const help = 'Alerts that are raised';
  return {
    help,
    form: 'names',
    metrics: [
      {
        name: 'alert',
        type: 'gauge',
        help: 'Whether this alert is raised',
        labels: ['alert'],
        read: (raised) => alertNames.map((alert) => ({ labels: { alert }, value: Number(raised.includes(alert)) })),
      },
    ],
    topics: [{ name: 'alerts', help, read: (raised) => [['alerts', raised.join(' ') || 'none']] }],
  };
}

/** The largest groups; a topic would have to name a fingerprint, which others may choose. */
export function deadLetterGroups(): NumberRow<readonly GroupLevel[]> {
  const gauge = (
    name: string,
    help: string,
    read: (group: GroupLevel) => number,
  ): QueueMetric<readonly GroupLevel[]> => ({
    name,
    type: 'gauge',
    help,
    labels: ['fingerprint', 'code'],
    read: (groups) =>
      groups.map((group) => ({ labels: { fingerprint: group.fingerprint, code: group.code }, value: read(group) })),
  });
  return {
    help: 'The largest groups of dead letters, and `other` for those beyond the groups that are kept',
    form: 'causes',
    metrics: [
      gauge('dead_letter_group_messages', 'Dead letters of the 20 largest groups', ({ messages }) => messages),
      gauge(
        'dead_letter_group_growth_messages_per_minute',
        'How many of the group die in a minute, over the last five minutes',
        ({ growthPerMinute }) => growthPerMinute,
      ),
    ],
    topics: [],
  };
}

const groupNumbers: readonly (readonly [
  metric: string,
  topic: string,
  help: string,
  read: (group: GroupNumbers) => number | undefined,
])[] = [
  ['group_lag_messages', 'lag', 'Messages that the group has not settled', ({ lagMessages }) => lagMessages],
  ['group_lag_seconds', 'lag-seconds', 'Age of the oldest of them', ({ lagMs }) => lagMs / 1_000],
  [
    'group_time_to_drain_seconds',
    'time-to-drain',
    'Until the group has settled them, where it settles any',
    ({ timeToDrainMs }) => (timeToDrainMs === undefined ? undefined : timeToDrainMs / 1_000),
  ],
  ['group_consumers', 'consumers', 'Consumers of the group', ({ consumers }) => consumers],
  [
    'group_desired_consumers',
    'desired-consumers',
    'Consumers that the group needs',
    ({ desiredConsumers }) => desiredConsumers,
  ],
];

export function groups(): NumberRow<readonly GroupNumbers[]> {
  return {
    help: 'Groups of a log, with their lag',
    form: 'groups',
    metrics: groupNumbers.map(([name, , help, read]) => ({
      name,
      type: 'gauge',
      help,
      labels: ['group'],
      read: (all) =>
        all.flatMap((group) => {
          const value = read(group);
          return value === undefined ? [] : { labels: { group: group.name }, value };
        }),
    })),
    topics: groupNumbers.map(([, name, help, read]) => ({
      name: `groups/GROUP/${name}`,
      help,
      read: (all) =>
        all.map((group): [string, string] => [`groups/${group.name}/${name}`, String(read(group) ?? 'never')]),
    })),
  };
}

/** The words of a name in camel case, with something else between them. */
function words(name: string, between: '-' | '_'): string {
  return name.replaceAll(/[A-Z]/g, (letter) => between + letter.toLowerCase()).replaceAll('_', between);
}

function rounded(rate: number): string {
  return String(Math.round(rate * 100) / 100);
}
