import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from './access.ts';
import { deviceTopic, isDeviceId } from './device-topics.ts';

const device: Identity = { kind: 'device', name: 'meter-7', deviceType: 'meter' };

test('me stands for the own id of a device, as a whole level only', () => {
  assert.equal(deviceTopic(device, 'devices/me'), 'devices/meter-7');
  assert.equal(deviceTopic(device, 'devices/me/telemetry'), 'devices/meter-7/telemetry');
  assert.equal(deviceTopic(device, 'devices/me/#'), 'devices/meter-7/#');
  for (const other of ['devices/men/x', 'devices/me2', 'me/telemetry', 'x/devices/me', 'devices/+/me', 'devices']) {
    assert.equal(deviceTopic(device, other), other);
  }
});

test('me means nothing for who is not a device', () => {
  assert.equal(deviceTopic({ kind: 'anonymous', name: 'anonymous' }, 'devices/me/x'), 'devices/me/x');
});

test('a device id is one plain level, and never me', () => {
  for (const id of ['a', 'urn:dev:mac:0024befffe804ff1', 'A.b_c-1', 'x'.repeat(128)]) assert.ok(isDeviceId(id), id);
  for (const id of ['', 'me', 'a/b', '+', '#', 'a b', '$sys', 'ä', 'a\0', 'a\n', 'x'.repeat(129)])
    assert.ok(!isDeviceId(id), id);
});
