import type { QueueStats } from '../../queues/queue-stats.ts';
import { brokerTable } from './broker-table.ts';
import { listenerTable } from './listener-table.ts';
import type { MetricRow, Sample } from './metric-row.ts';
import type { Snapshot } from './snapshot.ts';

/** What a metric counts in, as the end of its name says. */
export function unitOf(name: string): string {
  const unit = /_(seconds|bytes|ratio)(?:_total)?$/.exec(name)?.[1];
  return unit ?? '';
}

export const metricTable: readonly MetricRow[] = [
  ofQueues('sluice_queue_ready_messages', 'gauge', 'Messages that wait for a consumer', ({ ready }) => ready),
  ofQueues('sluice_queue_leased_messages', 'gauge', 'Messages in the hands of consumers', ({ leased }) => leased),
  ofQueues(
    'sluice_queue_scheduled_messages',
    'gauge',
    'Messages that wait for their time',
    ({ scheduled }) => scheduled,
  ),
  ofQueues('sluice_queue_bytes', 'gauge', 'Bytes of messages that are not acknowledged', ({ bytes }) => bytes),
  ofQueues('sluice_queue_consumers', 'gauge', 'Consumers', ({ consumers }) => consumers),
  ofQueues(
    'sluice_queue_oldest_ready_age_seconds',
    'gauge',
    'Age of the message that waits longest',
    ({ oldestReadyAgeMs }) => oldestReadyAgeMs / 1_000,
  ),
  ofQueues('sluice_queue_enqueued_total', 'counter', 'Messages taken in', ({ enqueued }) => enqueued),
  ofQueues('sluice_queue_delivered_total', 'counter', 'Deliveries', ({ delivered }) => delivered),
  ofQueues(
    'sluice_queue_redelivered_total',
    'counter',
    'Deliveries that were not the first',
    (stats) => stats.redelivered,
  ),
  ofQueues('sluice_queue_acknowledged_total', 'counter', 'Messages done', ({ acknowledged }) => acknowledged),
  ofQueues('sluice_queue_released_total', 'counter', 'Deliveries given back uncounted', ({ released }) => released),
  ofQueues('sluice_queue_failed_total', 'counter', 'Deliveries that failed', ({ failed }) => failed),
  ofQueues('sluice_queue_expired_total', 'counter', 'Messages whose time ran out', ({ expired }) => expired),
  ofQueues(
    'sluice_queue_dead_lettered_total',
    'counter',
    'Messages that failed for good and were dead-lettered',
    (stats) => stats.deadLettered,
  ),
  {
    name: 'sluice_queue_dropped_total',
    type: 'counter',
    help: 'Messages removed without a trace, by reason',
    labels: ['queue', 'reason'],
    read: ({ queues }) =>
      queues.flatMap(({ name, stats }) =>
        Object.entries(stats.dropped).map(([reason, value]) => ({ labels: { queue: name, reason }, value })),
      ),
  },
  ofQueues('sluice_queue_moved_total', 'counter', 'Messages moved to another queue', ({ moved }) => moved),
  ofQueues('sluice_queue_rejected_total', 'counter', 'Publishes refused at a limit', ({ rejected }) => rejected),
  ofQueues(
    'sluice_queue_elided_total',
    'counter',
    'Messages done before they had to be written',
    ({ elided }) => elided,
  ),
  {
    name: 'sluice_pipeline_messages_total',
    type: 'counter',
    help: 'Device messages by outcome',
    labels: ['outcome'],
    read: ({ platform }) => samples(platform.outcomes, 'outcome'),
  },
  {
    name: 'sluice_http_requests_total',
    type: 'counter',
    help: 'Answered requests',
    labels: ['method', 'route', 'status'],
    read: ({ http }) =>
      [...http.requests.values()].map(({ labels, count }) => ({ labels: { ...labels }, value: count })),
  },
  single('sluice_http_connections', 'Open HTTP connections', ({ http }) => http.connections),
  single('sluice_http_long_polls', 'Requests that wait for messages', ({ http }) => http.longPolls),
  single(
    'sluice_http_bodies_bytes',
    'Bytes of request bodies that are not answered yet',
    ({ http }) => http.bodiesBytes,
  ),
  {
    name: 'sluice_http_bodies_refused_total',
    type: 'counter',
    help: 'Requests refused because the bodies of all together reached http.bodiesBytesMax',
    labels: [],
    read: ({ http }) => [{ labels: {}, value: http.bodiesRefused }],
  },
  single('sluice_metrics_queues_omitted', 'Queues beyond those shown', ({ queuesOmitted }) => queuesOmitted),
  ...brokerTable,
  ...listenerTable,
  {
    name: 'sluice_event_loop_delay_seconds',
    type: 'gauge',
    help: 'How long what was due had to wait for the event loop: 0.5 and 0.99 of the last 15 s, 1 the longest of a minute',
    labels: ['quantile'],
    read: ({ platform: { eventLoop } }) => [
      { labels: { quantile: '0.5' }, value: eventLoop.delayP50Seconds },
      { labels: { quantile: '0.99' }, value: eventLoop.delayP99Seconds },
      { labels: { quantile: '1' }, value: eventLoop.delayMaxSeconds },
    ],
  },
  single(
    'sluice_event_loop_utilization_ratio',
    'Share of the last 15 s in which the event loop did not wait for events',
    ({ platform }) => platform.eventLoop.utilization,
  ),
];

function ofQueues(
  name: string,
  type: MetricRow['type'],
  help: string,
  value: (stats: QueueStats) => number,
): MetricRow {
  const read = ({ queues }: Snapshot): Sample[] =>
    queues.map((queue) => ({ labels: { queue: queue.name }, value: value(queue.stats) }));
  return { name, type, help, labels: ['queue'], read };
}

function single(name: string, help: string, value: (snapshot: Snapshot) => number): MetricRow {
  return { name, type: 'gauge', help, labels: [], read: (snapshot) => [{ labels: {}, value: value(snapshot) }] };
}

function samples(counts: Readonly<Record<string, number>>, label: string): Sample[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
