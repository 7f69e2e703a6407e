import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import type { Message } from '../message.ts';
import { type DeviceMessage, hasMessageId, readDeviceMessage, toMessage, withMessageId } from './device-message.ts';

const nothing: DeviceMessage = {
  messageId: undefined,
  time: undefined,
  seq: undefined,
  fPort: undefined,
  firmwareVersion: undefined,
  schema: undefined,
};

test('user properties say who the message is and when it happened', () => {
  const said = readDeviceMessage(
    message('\u0001\u0002', {
      'sluice-message-id': 'm-1',
      'sluice-time': '2025-01-02T03:04:05Z',
      'sluice-seq': '7',
      'sluice-fport': '85',
      'sluice-firmware': '1.2.0',
      'sluice-schema': '3',
      'sluice-key': 'not ours',
      other: 'x',
    }),
  );
  assert.deepEqual(said, {
    messageId: 'm-1',
    time: Date.UTC(2025, 0, 2, 3, 4, 5),
    seq: 7,
    fPort: 85,
    firmwareVersion: '1.2.0',
    schema: '3',
  });
});

test('a JSON object says it itself where the client cannot set user properties', () => {
  const expected = { ...nothing, messageId: 'm-2', time: 1735787045000, seq: 3 };
  for (const time of ['"ts":1735787045000', '"time":"2025-01-02T03:04:05Z"', '"ts":"1735787045000","time":1']) {
    assert.deepEqual(readDeviceMessage(message(`{"messageId":"m-2",${time},"seq":3,"v":1}`)), expected);
  }
});

test('a user property goes before the same word in the payload', () => {
  const said = readDeviceMessage(message('{"messageId":"payload","ts":2,"seq":2}', { 'sluice-message-id': 'header' }));
  assert.deepEqual(said, { ...nothing, messageId: 'header', time: 2, seq: 2 });
});

test('what is no envelope is left to the driver', () => {
  const payloads = [
    '{"messageId":17,"time":"12:30","seq":"a"}',
    '[{"messageId":"m"}]',
    '{"messageId":"m"',
    '{"nested":{"messageId":"m"}}',
    '"messageId"',
    '',
    `{"messageId":"${'x'.repeat(65)}"}`,
    '{"messageId":"\\ud800"}',
    `{"messageId":"m","fill":"${'x'.repeat(20_000)}"}`,
  ];
  for (const payload of payloads) assert.deepEqual(readDeviceMessage(message(payload)), nothing, payload.slice(0, 60));
});

test('a user property that is not of its form is refused by name', () => {
  const wrong = {
    'sluice-message-id': ['', 'x'.repeat(65), 'a\u0000b', 'ü'.repeat(33), '\ud800'],
    'sluice-time': ['yesterday', '1e3', '99999999999999999'],
    'sluice-seq': ['1.5', '', 'NaN', '9007199254740993'],
    'sluice-fport': ['256', '-1', '0x10'],
    'sluice-firmware': ['', 'a b', 'x'.repeat(65)],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const problem = readDeviceMessage(message('x', { [name]: value }));
      assert.ok(problem instanceof SluiceError && problem.code === 'invalid_argument', `${name}: ${value}`);
      assert.match(problem.message, new RegExp(name));
    }
  }
});

test('a message without an id is given one that later deliveries keep', () => {
  const without = message('{"v":1}', { other: 'x' });
  assert.equal(hasMessageId(without), false);
  const identified = withMessageId(without, 'made');
  assert.equal(hasMessageId(identified), true);
  assert.deepEqual(readDeviceMessage(identified), { ...nothing, messageId: 'made' });
  assert.deepEqual(identified.properties?.userProperties?.[0], ['other', 'x']);
  assert.equal(hasMessageId(message('{"messageId":"own"}')), true);
});

test('an HTTP request becomes the message that it would have been over MQTT', () => {
  const request = {
    deviceId: 'm',
    eventType: 'door.opened',
    payload: Buffer.from('x'),
    contentType: 'text/plain',
    messageId: 'm-1',
    time: 1000,
    seq: 0,
    fPort: 0,
    firmwareVersion: '1.0.0',
    schema: 'urn:sluice:schema:meter:door.opened:2',
    publisher: 'api',
  };
  const made = toMessage(request, 2000);
  assert.equal(made.topic, 'devices/m/events/door.opened');
  assert.equal(made.properties?.contentType, 'text/plain');
  assert.equal(made.receivedAt, 2000);
  assert.deepEqual(readDeviceMessage(made), {
    messageId: 'm-1',
    time: 1000,
    seq: 0,
    fPort: 0,
    firmwareVersion: '1.0.0',
    schema: 'urn:sluice:schema:meter:door.opened:2',
  });
});

function message(payload: string, userProperties: Record<string, string> = {}): Message {
  return {
    topic: 'devices/m/telemetry',
    payload: Buffer.from(payload),
    qos: 1,
    retain: false,
    properties: { userProperties: Object.entries(userProperties) },
    receivedAt: 1,
    publisher: 'm',
  };
}
