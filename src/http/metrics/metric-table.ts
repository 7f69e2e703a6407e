import { brokerTable } from './broker-table.ts';
import { driverTable } from './driver-table.ts';
import { listenerTable } from './listener-table.ts';
import type { MetricRow } from './metric-row.ts';
import { pipelineTable } from './pipeline-table.ts';
import { queueTable } from './queue-table.ts';
import type { Snapshot } from './snapshot.ts';
import { storeTable } from './store-table.ts';

/** What a metric counts in, as the end of its name says. */
export function unitOf(name: string): string {
  const unit = /_(seconds|bytes|ratio)(?:_total)?$/.exec(name)?.[1];
  return unit ?? '';
}

export const metricTable: readonly MetricRow[] = [
  ...queueTable,
  {
    name: 'sluice_commit_seconds',
    type: 'histogram',
    help: 'How long a commit takes until it is flushed',
    labels: [],
    perSecond: 1_000_000,
    read: ({ platform }) => [{ labels: {}, value: platform.commitUs }],
  },
  ...pipelineTable,
  ...driverTable,
  ...storeTable,
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
  single(
    'sluice_disk_free_bytes',
    'Bytes that can be written, on the disk and inside the files of the data folder',
    ({ platform }) => platform.disk.freeBytes,
  ),
  single(
    'sluice_disk_full',
    '1 while nothing new is accepted because fewer than storage.freeBytesMin bytes are free',
    ({ platform }) => Number(platform.disk.isFull),
  ),
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

function single(name: string, help: string, value: (snapshot: Snapshot) => number): MetricRow {
  return { name, type: 'gauge', help, labels: [], read: (snapshot) => [{ labels: {}, value: value(snapshot) }] };
}
