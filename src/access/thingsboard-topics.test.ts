import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedTopic } from './thingsboard-topics.ts';

const device = { kind: 'device', name: 'd1', deviceType: 'meter' } as const;

test('what ThingsBoard calls its topics are topics of the device', () => {
  const means: [string, string][] = [
    ['v1/devices/me/telemetry', 'devices/d1/telemetry'],
    ['v1/devices/me/attributes', 'devices/d1/events/attributes'],
    ['v1/gateway/telemetry', 'devices/d1/gateway/telemetry'],
    ['v1/gateway/connect', 'devices/d1/gateway/connect'],
    ['devices/me/telemetry', 'devices/d1/telemetry'],
    ['v1/devices/me/rpc/response/1', 'v1/devices/me/rpc/response/1'],
    ['constructor', 'constructor'],
  ];
  for (const [topic, meant] of means) assert.equal(publishedTopic(device, topic), meant);
});

test('to everybody else they are topics like others', () => {
  const user = { kind: 'user', name: 'ann', rules: [], admin: true } as const;
  assert.equal(publishedTopic(user, 'v1/devices/me/telemetry'), 'v1/devices/me/telemetry');
  assert.equal(publishedTopic(user, 'devices/me'), 'devices/me');
});
