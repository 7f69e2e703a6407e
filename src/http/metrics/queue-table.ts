import { queueNumberRows } from '../../queues/queue-number-table.ts';
import type { NumberRow, QueueMetric, QueueNumbers, Sample } from '../../queues/queue-numbers.ts';
import type { MetricRow } from './metric-row.ts';
import type { Snapshot } from './snapshot.ts';

/** What the numbers of queues are as metrics, each with the label `queue`. */
export const queueTable: readonly MetricRow[] = (
  Object.entries(queueNumberRows) as [keyof QueueNumbers, NumberRow<never>][]
).flatMap(([key, { metrics }]) => metrics.map((metric) => ofQueues(key, metric)));

function ofQueues(key: keyof QueueNumbers, metric: QueueMetric<never>): MetricRow {
  const { help } = metric;
  const facts = { name: `sluice_queue_${metric.name}`, help, labels: ['queue', ...metric.labels] };
  if (metric.type !== 'histogram') return { ...facts, type: metric.type, read: ofEach(key, metric.read) };
  return { ...facts, type: metric.type, perSecond: 1_000, read: ofEach(key, metric.read) };
}

function ofEach<V>(key: keyof QueueNumbers, read: (value: never) => readonly Sample<V>[]) {
  return ({ queues }: Snapshot): Sample<V>[] => {
    const samples: Sample<V>[] = [];
    for (const { name, numbers } of queues) {
      for (const { labels, value } of read(numbers[key] as never)) {
        samples.push({ labels: { queue: name, ...labels }, value });
      }
    }
    return samples;
  };
}
