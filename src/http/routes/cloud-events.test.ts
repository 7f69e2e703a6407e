import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basic, serve } from '../testing/served.ts';

const event = { specversion: '1.0', id: '1', source: '/pump', type: 'door.open', time: '2023-11-14T22:13:20Z' };
const path = '/v1/devices/d1/cloud-events';
const expected = {
  deviceId: 'd1',
  publisher: 'anonymous',
  eventType: 'door.open',
  messageId: '1@cZfywx0RPj-',
  contentType: 'application/json',
  time: 1_700_000_000_000,
  payload: Buffer.from('{"open":true}'),
};

test('an event comes the same in structured and in binary mode', async (t) => {
  const { call, pipeline } = await serve(t);
  const structured = await call('POST', path, JSON.stringify({ ...event, data: { open: true } }), {
    'content-type': 'application/cloudevents+json; charset=utf-8',
  });
  assert.deepEqual([structured.status, structured.body], [200, { messageId: 'm1', outcome: 'applied' }]);
  const headers = Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value]));
  await call('POST', path, '{"open":true}', { 'content-type': 'application/json', ...headers, 'ce-source': '%2Fpump' });
  assert.deepEqual(pipeline.ingestion.requests, [expected, expected]);
});

test('a batch has a result for each of its events', async (t) => {
  const { call, pipeline } = await serve(t);
  const events = [{ ...event, data: { open: true } }, { ...event, specversion: '2' }, 7];
  const { status, body } = await call('POST', path, JSON.stringify(events), {
    'content-type': 'application/cloudevents-batch+json',
  });
  assert.equal(status, 200);
  assert.deepEqual(
    body.results.map(({ ok, code }: { ok: boolean; code?: string }) => code ?? ok),
    [true, 'invalid_argument', 'invalid_argument'],
  );
  assert.deepEqual(pipeline.ingestion.requests, [expected]);
});

test('the subject names the device where the path does not, and rights hold for it', async (t) => {
  const rules = [{ action: 'publish', filter: 'devices/child-1/#' }] as const;
  const users = [{ name: 'gate', password: 'gate-secret', admin: false, rules: [...rules] }];
  const { call, pipeline } = await serve(t, { users, anonymous: 'never' });
  const send = (subject: string) =>
    call('POST', '/v1/cloud-events', JSON.stringify({ ...event, subject, data: 1 }), {
      'content-type': 'application/cloudevents+json',
      ...basic('gate', 'gate-secret'),
    });
  assert.equal((await send('child-1')).status, 200);
  assert.equal((await send('child-2')).status, 403);
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ deviceId }) => deviceId),
    ['child-1'],
  );
});

test('what is no event is refused', async (t) => {
  const { call, pipeline } = await serve(t);
  const structured = { 'content-type': 'application/cloudevents+json' };
  const wrong: [string, Record<string, string>, number, string][] = [
    ['{}', {}, 415, 'unsupported_format'],
    ['{', structured, 400, 'payload_unreadable'],
    ['[]', structured, 400, 'invalid_argument'],
    ['{}', { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-type': 'a' }, 400, 'invalid_argument'],
    ['{}', { 'ce-specversion': '1.0', 'ce-id': '%E0%A4%A', 'ce-type': 'a', 'ce-source': 's' }, 400, 'invalid_argument'],
  ];
  for (const [body, headers, status, code] of wrong) {
    const refused = await call('POST', path, body, headers);
    assert.deepEqual([refused.status, refused.body.code], [status, code], JSON.stringify(headers));
  }
  assert.equal(pipeline.ingestion.requests.length, 0);
});
