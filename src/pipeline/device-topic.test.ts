import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { buildDeviceTopic, parseDeviceTopic } from './device-topic.ts';

test('the three ingest topics name a device and an event type', () => {
  assert.deepEqual(parseDeviceTopic('devices/m-1'), { deviceId: 'm-1', eventType: 'telemetry' });
  assert.deepEqual(parseDeviceTopic('devices/m-1/telemetry'), { deviceId: 'm-1', eventType: 'telemetry' });
  assert.deepEqual(parseDeviceTopic('devices/a.b:c_D/events/door.opened'), {
    deviceId: 'a.b:c_D',
    eventType: 'door.opened',
  });
});

test('other topics of devices, and other topics, carry no readings', () => {
  const topics = [
    'devices/m/config/reported',
    'devices/m/commands/7/result/succeeded',
    'devices/m/jobs/1/update',
    'devices/m/presence',
    'devices/m/commands/7/reboot',
    'devices/m/config/desired',
    'devices/m/jobs/notify',
    'devices/m/errors',
    'devices/m/limits',
    'devices/m/events',
    'devices/m/events/a/b',
    'devices/m/telemetry/x',
    'device/m/telemetry',
    'devices',
    'x/devices/m/telemetry',
  ];
  for (const topic of topics) assert.equal(parseDeviceTopic(topic), undefined, topic);
});

test('an ingest topic with a name that cannot be one is an error, not another topic', () => {
  for (const topic of ['devices/', 'devices/a b', 'devices/me/telemetry', `devices/${'x'.repeat(129)}`]) {
    assert.equal((parseDeviceTopic(topic) as SluiceError).code, 'invalid_topic', topic);
  }
  for (const eventType of ['Door', 'a..b', '.a', '', 'x'.repeat(129)]) {
    assert.ok(parseDeviceTopic(`devices/m/events/${eventType}`) instanceof SluiceError, eventType);
  }
});

test('a topic that was built is read back', () => {
  for (const address of [
    { deviceId: 'm', eventType: 'telemetry' },
    { deviceId: 'm', eventType: 'door.opened' },
  ]) {
    assert.deepEqual(parseDeviceTopic(buildDeviceTopic(address)), address);
  }
});

test('a topic of "me" from somebody who is no device says what stands there instead', () => {
  const problem = parseDeviceTopic('devices/me/telemetry');
  assert.ok(problem instanceof SluiceError);
  assert.equal(
    problem.message,
    'Cannot take a message on "devices/me/telemetry": "me" stands for a device that has logged in: log in as it, or name its id',
  );
});
