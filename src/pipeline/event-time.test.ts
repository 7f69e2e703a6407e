import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDevice } from '../devices/testing/store-samples.ts';
import { readDeviceMessage } from './device-message.ts';
import { answerOf } from './driver-host/readings.ts';
import { driver as json } from './drivers/json/driver.ts';
import { readEnvelope } from './envelope.ts';
import { timeOf } from './event-time.ts';

test('a time is epoch milliseconds, as a number or digits, or ISO 8601 with its zone', () => {
  const noon = Date.UTC(2025, 0, 2, 12);
  const texts = ['2025-01-02T12:00Z', '2025-01-02T14:00:00+02:00', '2025-01-02T12:00:00.000Z', `${noon}`];
  for (const text of texts) assert.equal(timeOf(text), noon, text);
  assert.equal(timeOf(noon + 0.4), noon);
  const others = ['', 'Jan 1', '2025-01', '2025-01-02', '2025-01-02T12:00:00', '2025-01-02 12:00Z', '1e3', 'x5'];
  for (const text of others) assert.equal(timeOf(text), undefined, text);
  for (const value of [Number.NaN, 8.65e15, null, {}, true]) assert.equal(timeOf(value), undefined);
});

test('header, envelope and drivers read a time in the same way', () => {
  for (const time of [
    '1735787045000',
    '5',
    '2025-01-02T03:04:05Z',
    '2025-01-02T03:04:05',
    '2025-01-02',
    'Jan 1',
    '1e3',
  ]) {
    const expected = timeOf(time);
    const payload = Buffer.from(JSON.stringify({ time, v: 1 }));
    assert.equal(readEnvelope(payload).time, expected, `envelope: ${time}`);
    assert.equal(headerTime(time), expected, `header: ${time}`);
    const answer = answerOf({ messages: [{ data: {}, time }] });
    assert.equal(answer.ok ? answer.readings[0].time : undefined, expected, `answer of a script: ${time}`);
    const output = answerOf(json.decodeUplink({ ...input, bytes: payload }));
    assert.equal(output.ok ? output.readings[0].time : undefined, expected, `JSON: ${time}`);
  }
});

const input = {
  fPort: undefined,
  recvTime: new Date(0),
  topic: 'devices/d',
  contentType: undefined,
  eventType: 'telemetry',
  device: testDevice({ id: 'd', type: 'meter' }),
};

function headerTime(time: string): number | undefined {
  const said = readDeviceMessage({
    topic: 'devices/d',
    payload: Buffer.from('x'),
    qos: 1,
    retain: false,
    properties: { userProperties: [['sluice-time', time]] },
    receivedAt: 1,
    publisher: 'd',
  });
  return 'code' in said ? undefined : said.time;
}
