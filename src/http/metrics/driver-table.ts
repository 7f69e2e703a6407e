import type { DriverReading } from '../../pipeline/driver-numbers.ts';
import type { TrialReading } from '../../pipeline/driver-shelf.ts';
import type { Sample } from '../../queues/queue-numbers.ts';
import type { MetricRow } from './metric-row.ts';

const pairLabels = ['device_type', 'driver', 'driver_version'];

/** What driver versions make of the messages of device types; pairs beyond `driverPairsMax` are one, called `other`. */
export const driverTable: readonly MetricRow[] = [
  {
    name: 'sluice_driver_messages_total',
    type: 'counter',
    help: 'Device messages by device type, driver version and outcome; without a type the device is unknown, without a driver none was asked; `other` has all pairs beyond the first 200',
    labels: [...pairLabels, 'outcome'],
    read: ({ platform: { pipeline } }) =>
      pipeline.drivers.flatMap((reading) =>
        Object.entries(reading.outcomes).map(([outcome, value]) => ({
          labels: { ...labelsOf(reading), outcome },
          value,
        })),
      ),
  },
  {
    name: 'sluice_driver_dead_lettered_total',
    type: 'counter',
    help: 'Device messages that were rejected and kept as dead letters',
    labels: pairLabels,
    read: ({ platform: { pipeline } }) =>
      pipeline.drivers.map((reading) => ({ labels: labelsOf(reading), value: reading.deadLettered })),
  },
  {
    name: 'sluice_driver_decode_seconds',
    type: 'histogram',
    perSecond: 1_000_000,
    help: 'How long a message was in its driver, with the check of what that answered by its schema',
    labels: pairLabels,
    read: ({ platform: { pipeline } }) =>
      pipeline.drivers.map((reading) => ({ labels: labelsOf(reading), value: reading.decodeUs })),
  },
  {
    name: 'sluice_driver_canary_messages_total',
    type: 'counter',
    help: 'Messages since a canary began that it, or the driver which it is to replace, decoded or failed at',
    labels: ['driver', 'driver_version', 'by', 'result'],
    read: ({ platform: { pipeline } }) => pipeline.trials.flatMap(canarySamples),
  },
  {
    name: 'sluice_driver_shadow_messages_total',
    type: 'counter',
    help: 'Messages that a shadow was compared at with the driver in use: `failed` only the shadow cannot read, `mended` only the shadow can, `dropped` were not tried',
    labels: ['driver', 'driver_version', 'result'],
    read: ({ platform: { pipeline } }) => pipeline.trials.flatMap(shadowSamples),
  },
  {
    name: 'sluice_driver_set_aside_device_types',
    type: 'gauge',
    help: 'Device types whose messages are not given to the driver for now, by the server or a worker, since it hung or broke down on them again and again; drivers for which there are none have no line',
    labels: ['driver', 'driver_version'],
    read: ({ platform: { pipeline } }) =>
      pipeline.setAside.map(({ driver: { id, version }, deviceTypes }) => ({
        labels: { driver: id, driver_version: version },
        value: deviceTypes.length,
      })),
  },
];

function labelsOf({ deviceType, driver, driverVersion }: DriverReading): Sample['labels'] {
  return { device_type: deviceType, driver, driver_version: driverVersion };
}

function canarySamples({ driver: { id, version }, canary }: TrialReading): Sample[] {
  if (canary === undefined) return [];
  const sample = (by: string, result: string, value: number): Sample => ({
    labels: { driver: id, driver_version: version, by, result },
    value,
  });
  return [
    sample('canary', 'decoded', canary.messages - canary.failed),
    sample('canary', 'failed', canary.failed),
    sample('in_use', 'decoded', canary.othersMessages - canary.othersFailed),
    sample('in_use', 'failed', canary.othersFailed),
  ];
}

function shadowSamples({ driver: { id, version }, shadow }: TrialReading): Sample[] {
  if (shadow === undefined) return [];
  const { samples: _, ...counts } = shadow;
  return Object.entries(counts).map(([result, value]) => ({
    labels: { driver: id, driver_version: version, result },
    value,
  }));
}
