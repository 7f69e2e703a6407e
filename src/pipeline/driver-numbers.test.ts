import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import { SluiceError } from '../errors.ts';
import type { Message } from '../message.ts';
import { DriverNumbers, driverPairsMax } from './driver-numbers.ts';
import { stoppedVerdict, storedVerdict } from './outcome.ts';
import { Ways } from './ways.ts';
import { Work } from './work.ts';

test('messages are counted by device type and driver version, with outcomes, dead letters and the time of the driver', () => {
  const numbers = new DriverNumbers();
  const rejected = stoppedVerdict('decode', new SluiceError('driver_failed', 'It threw'));
  numbers.count(work('meter', '1.0.0', 250), storedVerdict('applied'));
  numbers.count(work('meter', '1.0.0', 150), storedVerdict('stale'));
  numbers.count(work('meter', '2.0.0', 90), rejected);
  numbers.count(work('sensor', '1.0.0', undefined), storedVerdict('applied'));
  assert.deepEqual(
    numbers.read().map(({ decodeUs: { count, sum }, ...reading }) => ({ ...reading, count, sum })),
    [
      { ...pair('meter', '1.0.0'), outcomes: { applied: 1, stale: 1 }, deadLettered: 0, count: 2, sum: 400 },
      { ...pair('meter', '2.0.0'), outcomes: { 'rejected:driver_failed': 1 }, deadLettered: 1, count: 1, sum: 90 },
      { ...pair('sensor', '1.0.0'), outcomes: { applied: 1 }, deadLettered: 0, count: 0, sum: 0 },
    ],
  );
});

test('a message of an unknown device has no type and no driver, and no grave where it never was in the queue', () => {
  const numbers = new DriverNumbers();
  const unknown = stoppedVerdict('identify', new SluiceError('device_unknown', 'Nobody'));
  const queued = new Work(message, { deviceId: 'd', eventType: 'telemetry' });
  numbers.count(queued, unknown);
  numbers.count(Object.assign(new Work(message, queued.address), { lane: 'inline' }), unknown);
  assert.deepEqual(
    numbers.read().map(({ decodeUs: _, ...reading }) => reading),
    [
      {
        deviceType: '',
        driver: '',
        driverVersion: '',
        outcomes: { 'rejected:device_unknown': 2 },
        deadLettered: 1,
      },
    ],
  );
});

test('pairs beyond the bound are one, and nothing is lost in it', () => {
  const numbers = new DriverNumbers();
  for (let type = 0; type < driverPairsMax + 50; type++) {
    for (let turn = 0; turn < 2; turn++) numbers.count(work(`type-${type}`, '1.0.0', 1), storedVerdict('applied'));
  }
  const readings = numbers.read();
  assert.equal(readings.length, driverPairsMax + 1);
  assert.deepEqual(readings.at(-2)?.outcomes, { applied: 2 });
  const { deviceType, driver, driverVersion, outcomes, decodeUs } = readings[driverPairsMax];
  assert.deepEqual([deviceType, driver, driverVersion], ['other', 'other', 'other']);
  assert.deepEqual([outcomes, decodeUs.count], [{ applied: 100 }, 100]);
});

const message: Message = {
  topic: 'devices/d/telemetry',
  payload: Buffer.alloc(0),
  qos: 1,
  retain: false,
  properties: undefined,
  receivedAt: 0,
  publisher: 'd',
};

function pair(deviceType: string, driverVersion: string) {
  return { deviceType, driver: 'own', driverVersion };
}

function work(typeName: string, version: string, decodeUs: number | undefined): Work {
  const type = testDeviceType({ name: typeName });
  return Object.assign(new Work(message, { deviceId: 'd', eventType: 'telemetry' }), {
    known: { device: testDevice({ id: 'd', type: typeName }), type, ways: new Ways(type, 0) },
    driver: { id: 'own', version },
    decodeUs,
  });
}
