import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../errors.ts';
import type { FinalAnswer } from '../doors/ingest-door.ts';
import { serve } from '../testing/served.ts';

test('the body of any content type reaches the pipeline as it is, with what the headers say', async (t) => {
  const { call, pipeline } = await serve(t);
  const bytes = Buffer.from([0, 1, 0xff, 0x7b]);
  const { status, body } = await call('POST', '/v1/devices/d1/events/door.open', bytes, {
    'content-type': 'application/vnd.acme',
    'sluice-message-id': 'm-7',
    'sluice-time': '2023-11-14T22:13:20Z',
    'sluice-seq': '42',
    'sluice-fport': '2',
    'sluice-firmware': '2.1.0',
  });
  assert.equal(status, 200);
  assert.deepEqual(body, { messageId: 'm1', outcome: 'applied' });
  assert.deepEqual(pipeline.ingestion.requests, [
    {
      deviceId: 'd1',
      eventType: 'door.open',
      payload: bytes,
      contentType: 'application/vnd.acme',
      messageId: 'm-7',
      time: 1_700_000_000_000,
      seq: 42,
      fPort: 2,
      firmwareVersion: '2.1.0',
      publisher: 'anonymous',
    },
  ]);
});

test('the three doors differ in the event type', async (t) => {
  const { call, pipeline } = await serve(t);
  for (const path of ['telemetry', 'events/alarm', 'messages'])
    await call('POST', `/v1/devices/d1/${path}`, Buffer.from('{"a":1}'));
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ eventType }) => eventType),
    ['telemetry', 'alarm', undefined],
  );
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ payload }) => payload.toString()),
    ['{"a":1}', '{"a":1}', '{"a":1}'],
  );
});

test('JSON is not parsed on its way, an empty body is an empty payload', async (t) => {
  const { call, pipeline } = await serve(t);
  await call('POST', '/v1/devices/d1/telemetry', '{"broken":', { 'content-type': 'application/json' });
  await call('POST', '/v1/devices/d1/telemetry');
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ payload }) => payload.toString()),
    ['{"broken":', ''],
  );
});

test('a message that is safe but not processed says where to look', async (t) => {
  const { call, pipeline } = await serve(t);
  pipeline.ingestion.answer = { kind: 'accepted', messageId: 'a/b' };
  const { status, headers, body } = await call('POST', '/v1/devices/d1/telemetry', '{}');
  assert.equal(status, 202);
  assert.deepEqual(body, { messageId: 'a/b' });
  assert.equal(headers.get('location'), '/v1/devices/d1/messages/a%2Fb');
});

test('what the pipeline refuses is told with its stage and message id', async (t) => {
  const { call, pipeline } = await serve(t);
  pipeline.ingestion.answer = new SluiceError('schema_violation', 'Send temperature as a number: met "hot"', {
    detail: { stage: 'validate', messageId: 'm1' },
  });
  const refused = await call('POST', '/v1/devices/d1/telemetry', '{}');
  assert.equal(refused.status, 422);
  assert.deepEqual([refused.body.stage, refused.body.messageId, refused.body.retryable], ['validate', 'm1', false]);
  pipeline.ingestion.answer = new SluiceError('queue_full', 'Send it later: the ingest queue is full');
  const later = await call('POST', '/v1/devices/d1/telemetry', '{}');
  assert.deepEqual([later.status, later.headers.get('retry-after'), later.body.retryable], [429, '1', true]);
});

test('headers that cannot be are refused before the pipeline sees the message', async (t) => {
  const { call, pipeline } = await serve(t);
  const wrong: [string, string][] = [
    ['sluice-time', 'yesterday'],
    ['sluice-seq', '-1'],
    ['sluice-seq', '1.5'],
    ['sluice-fport', '256'],
    ['sluice-message-id', 'x'.repeat(65)],
    ['sluice-firmware', 'x'.repeat(129)],
  ];
  for (const [name, value] of wrong) {
    const { status, body } = await call('POST', '/v1/devices/d1/telemetry', '{}', { [name]: value });
    assert.equal(status, 400, name);
    assert.equal(body.code, 'invalid_argument');
  }
  assert.equal((await call('POST', '/v1/devices/d1/events/A%2FB', '{}')).status, 400);
  assert.equal((await call('POST', '/v1/devices/d1/telemetry', 'x'.repeat(70_000))).status, 413);
  assert.equal(pipeline.ingestion.requests.length, 0);
});

test('a message whose id holds half a surrogate pair is safe, and so is its answer', async (t) => {
  const { call, pipeline } = await serve(t);
  pipeline.ingestion.answer = { kind: 'accepted', messageId: 'a\ud800' };
  const { status, headers } = await call('POST', '/v1/devices/d1/telemetry', '{"messageId":"a\\ud800"}');
  assert.equal(status, 202);
  assert.equal(headers.get('location'), '/v1/devices/d1/messages/a%EF%BF%BD');
});

test('a content type that cannot be read is refused by its name', async (t) => {
  const { call, pipeline } = await serve(t);
  for (const contentType of [';;;', '', 'text']) {
    const { status, headers, body } = await call('POST', '/v1/devices/d1/telemetry', Buffer.from('{}'), {
      'content-type': contentType,
    });
    assert.deepEqual([status, body.code], [415, 'unsupported_format'], contentType);
    assert.equal(headers.get('content-type'), 'application/problem+json');
    assert.match(body.detail, /^Give Content-Type in the form type\/subtype, or leave it out/);
  }
  assert.equal(pipeline.ingestion.requests.length, 0);
});

test('whoever prefers so is answered once the message is safe, or waits for what becomes of it', async (t) => {
  const { call, pipeline } = await serve(t);
  const { ingestion } = pipeline;
  const send = (prefer: string) => call('POST', '/v1/devices/d1/telemetry', '{}', { prefer });
  ingestion.answer = { kind: 'accepted', messageId: 'm1' };
  const early = await send('respond-async');
  assert.deepEqual([early.status, early.headers.get('preference-applied')], [202, 'respond-async']);
  const waits: number[] = [];
  const result = (final: FinalAnswer | undefined) => ({
    within: async (_tags: Iterable<number>, waitMs: number) => {
      waits.push(waitMs);
      return new Map(final === undefined ? [] : [[0, final]]);
    },
    cancel: () => undefined,
  });
  ingestion.answer = { kind: 'accepted', messageId: 'm1', results: result({ kind: 'stored', outcome: 'stale' }) };
  const stored = await send('wait=2');
  assert.deepEqual([stored.status, stored.body], [200, { messageId: 'm1', outcome: 'stale' }]);
  assert.equal(stored.headers.get('preference-applied'), 'wait=2');
  const error = new SluiceError('driver_failed', 'Send 2 bytes: met 1', { detail: { stage: 'decode' } });
  ingestion.answer = { kind: 'accepted', messageId: 'm1', results: result({ kind: 'rejected', error }) };
  const rejected = await send('wait=100');
  assert.deepEqual([rejected.status, rejected.body.code, rejected.body.stage], [422, 'driver_failed', 'decode']);
  ingestion.answer = { kind: 'accepted', messageId: 'm1', results: result(undefined) };
  assert.equal((await send('wait=0')).status, 202);
  assert.deepEqual(waits, [2_000, 30_000, 0]);
  assert.deepEqual(ingestion.wishes, [
    { safeIsEnough: true, result: false },
    ...waits.map(() => ({ safeIsEnough: false, result: true })),
  ]);
  assert.equal((await send('wait=soon')).status, 400);
});

test('a rule that keeps a device from a topic keeps it from the door to it, too', async (t) => {
  const { call, pipeline, access } = await serve(t, { anonymous: 'never' });
  t.mock.method(access, 'authenticateToken', async () => ({ kind: 'device', name: 'd1', deviceType: 'meter' }));
  t.mock.method(
    access,
    'mayPublish',
    (_who: unknown, _id: string, topic: string) => topic === 'devices/d1/events/seen',
  );
  const headers = { authorization: 'Bearer some-token' };
  const status = async (path: string): Promise<number> => (await call('POST', path, '{}', headers)).status;
  assert.equal(await status('/v1/devices/me/events/seen'), 200);
  for (const path of ['/v1/devices/d1/telemetry', '/v1/devices/d1/messages', '/v1/devices/d1/events/other']) {
    assert.equal(await status(path), 403, path);
  }
  for (const kind of ['telemetry', 'attributes']) assert.equal(await status(`/api/v1/some-token/${kind}`), 403, kind);
  assert.equal(pipeline.ingestion.requests.length, 1);
});
