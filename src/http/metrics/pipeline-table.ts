import type { MetricRow } from './metric-row.ts';

/** What the device pipeline counts, and its levels now. */
export const pipelineTable: readonly MetricRow[] = [
  {
    name: 'sluice_pipeline_messages_total',
    type: 'counter',
    help: 'Device messages by outcome',
    labels: ['outcome'],
    read: ({ platform: { pipeline } }) =>
      Object.entries(pipeline.outcomes).map(([outcome, value]) => ({ labels: { outcome }, value })),
  },
  {
    name: 'sluice_pipeline_in_work_messages',
    type: 'gauge',
    help: 'Device messages that have no outcome yet: inline ones, and those that the pipeline took from the queue',
    labels: ['lane'],
    read: ({ platform: { pipeline } }) => [
      { labels: { lane: 'inline' }, value: pipeline.inlineInWork },
      { labels: { lane: 'queued' }, value: pipeline.queuedInWork },
    ],
  },
  {
    name: 'sluice_pipeline_driver_threads',
    type: 'gauge',
    help: 'Threads that run drivers',
    labels: [],
    read: ({ platform: { pipeline } }) => [{ labels: {}, value: pipeline.driverThreads }],
  },
  {
    name: 'sluice_pipeline_workers',
    type: 'gauge',
    help: 'Worker processes that decode what the ingest queue holds',
    labels: [],
    read: ({ platform: { pipeline } }) => [{ labels: {}, value: pipeline.workers }],
  },
  {
    name: 'sluice_pipeline_devices_cached',
    type: 'gauge',
    help: 'Devices that the pipeline knows without asking the registry',
    labels: [],
    read: ({ platform: { pipeline } }) => [{ labels: {}, value: pipeline.devicesCached }],
  },
  {
    name: 'sluice_pipeline_warned_messages_total',
    type: 'counter',
    help: 'Messages that were stored although their driver or schema warned of something',
    labels: [],
    read: ({ platform: { pipeline } }) => [{ labels: {}, value: pipeline.warned }],
  },
  {
    name: 'sluice_pipeline_events_failed_total',
    type: 'counter',
    help: 'Messages whose readings could not be published',
    labels: [],
    read: ({ platform: { pipeline } }) => [{ labels: {}, value: pipeline.eventsFailed }],
  },
  {
    name: 'sluice_pipeline_rate_limited_total',
    type: 'counter',
    help: 'Messages that came faster than their device or device type may send: refused, or delayed by not reading the client',
    labels: ['answer'],
    read: ({ platform: { pipeline } }) => [
      { labels: { answer: 'refused' }, value: pipeline.rateRefused },
      { labels: { answer: 'delayed' }, value: pipeline.rateDelayed },
    ],
  },
  {
    name: 'sluice_pipeline_claims_limited_total',
    type: 'counter',
    help: 'Claims of devices that were not looked at because too many were refused before, by the limit',
    labels: ['limit'],
    read: ({ platform: { pipeline } }) =>
      Object.entries(pipeline.claimsLimited).map(([limit, value]) => ({ labels: { limit }, value })),
  },
  {
    name: 'sluice_pipeline_auto_changes_total',
    type: 'counter',
    help: 'Times that device types with mode auto went over to the queue, or back',
    labels: [],
    read: ({ platform: { pipeline } }) => [{ labels: {}, value: pipeline.autoChanges }],
  },
  {
    name: 'sluice_pipeline_step_seconds',
    type: 'histogram',
    perSecond: 1_000_000,
    help: 'How long a step takes for a batch of messages; `decode and validate` has the drivers, `store` the disk',
    labels: ['step'],
    read: ({ platform: { pipeline } }) =>
      Object.entries(pipeline.steps).map(([step, value]) => ({ labels: { step }, value })),
  },
];
