import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../errors.ts';
import type { FinalAnswer } from '../doors/ingest-door.ts';
import { basic, serve } from '../testing/served.ts';

const ndjson = { 'content-type': 'application/x-ndjson' };

test('of a thousand lines three are bad, and only these are refused', async (t) => {
  const { call, pipeline } = await serve(t, { options: { bodyBytesMax: 1024 * 1024 } });
  const lines = Array.from({ length: 1_000 }, (_, n) => JSON.stringify({ deviceId: `d${n % 7}`, payload: { n } }));
  lines[10] = '{"deviceId":"d1",';
  lines[500] = '{"deviceId":"d1","payload":1,"colour":"red"}';
  lines[999] = '{"deviceId":"d1"}';
  const { status, body } = await call('POST', '/v1/ingest', `${lines.join('\r\n')}\n`, ndjson);
  assert.equal(status, 200);
  assert.equal(body.results.length, 1_000);
  const bad = body.results.flatMap(({ ok, code }: { ok: boolean; code: string }, n: number) => (ok ? [] : [[n, code]]));
  assert.deepEqual(bad, [
    [10, 'payload_unreadable'],
    [500, 'invalid_argument'],
    [999, 'invalid_argument'],
  ]);
  assert.deepEqual(body.results[11], { messageId: 'made-11', ok: true, outcome: 'applied' });
  assert.equal(pipeline.ingestion.requests.length, 997);
  assert.equal(pipeline.ingestion.requests[996].payload.toString(), '{"n":998}');
});

test('bytes that are no UTF-8 are refused, and not taken for other ones', async (t) => {
  const { call, pipeline } = await serve(t);
  const item = (...bytes: readonly number[]): Buffer =>
    Buffer.concat([Buffer.from('{"deviceId":"d","payload":"'), Buffer.from(bytes), Buffer.from('"}')]);
  const lines = Buffer.concat([item(0xc3, 0xbc), Buffer.from('\n'), item(0xfc), Buffer.from('\r\n'), item(0x61)]);
  const { body } = await call('POST', '/v1/ingest', lines, ndjson);
  assert.deepEqual(
    body.results.map(({ ok, code }: { ok: boolean; code?: string }) => code ?? ok),
    [true, 'payload_unreadable', true],
  );
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ payload }) => payload.toString()),
    ['ü', 'a'],
  );
  const array = Buffer.concat([Buffer.from('['), item(0xff), Buffer.from(']')]);
  const whole = await call('POST', '/v1/ingest', array, { 'content-type': 'application/json' });
  assert.deepEqual([whole.status, whole.body.code], [400, 'payload_unreadable']);
});

test('an item says what a header would say', async (t) => {
  const { call, pipeline } = await serve(t);
  const items = [
    { eventType: 'door.open', payload: { a: 1 }, messageId: 'm1', time: '2023-11-14T22:13:20Z', seq: 4 },
    {
      payload: 'AAH/',
      encoding: 'base64',
      contentType: 'application/vnd.acme',
      time: 5,
      fPort: 2,
      firmwareVersion: '1.0',
    },
    { payload: 'a=1' },
    { payload: 'quoted', encoding: 'json', deviceId: 'd1' },
  ];
  const { status } = await call('POST', '/v1/devices/d1/batch', items);
  assert.equal(status, 200);
  const common = { deviceId: 'd1', publisher: 'anonymous' };
  assert.deepEqual(pipeline.ingestion.requests, [
    {
      ...common,
      contentType: 'application/json',
      eventType: 'door.open',
      messageId: 'm1',
      time: 1_700_000_000_000,
      seq: 4,
      payload: Buffer.from('{"a":1}'),
    },
    {
      ...common,
      contentType: 'application/vnd.acme',
      time: 5,
      fPort: 2,
      firmwareVersion: '1.0',
      payload: Buffer.from([0, 1, 255]),
    },
    { ...common, payload: Buffer.from('a=1') },
    { ...common, contentType: 'application/json', payload: Buffer.from('"quoted"') },
  ]);
});

test('a bad item says what is wrong with it, whatever it is', async (t) => {
  const { call, pipeline } = await serve(t);
  pipeline.ingestion.refused.set('full', new SluiceError('queue_full', 'Send it later'));
  const items = [
    null,
    7,
    { payload: 1, time: 'yesterday' },
    { payload: 1, deviceId: 'other' },
    { payload: '%', encoding: 'base64' },
    { payload: 1, contentType: 'a\u0000b' },
    { payload: 1 },
  ];
  const { body } = await call('POST', '/v1/devices/d1/batch', items);
  const codes = body.results.map(({ code }: { code?: string }) => code);
  const invalid = 'invalid_argument';
  assert.deepEqual(codes, [invalid, invalid, invalid, invalid, 'payload_unreadable', invalid, undefined]);
  const full = await call('POST', '/v1/ingest', [{ deviceId: 'full', payload: 1 }]);
  assert.deepEqual([full.body.results[0].code, full.body.results[0].retryable], ['queue_full', true]);
});

test('what holds no items, or too many, is refused as a whole', async (t) => {
  const { call, pipeline } = await serve(t);
  const wrong: [string | object, Record<string, string>, string][] = [
    ['{"payload":1}', {}, 'payload_unreadable'],
    ['[', {}, 'payload_unreadable'],
    ['', {}, 'payload_unreadable'],
    ['[]', {}, 'invalid_argument'],
    ['\n \r\n', ndjson, 'invalid_argument'],
    ['1\n'.repeat(1_001), ndjson, 'invalid_argument'],
    [`[${'['.repeat(100)}${']'.repeat(100)}]`, {}, 'payload_unreadable'],
  ];
  for (const [body, headers, code] of wrong) {
    const refused = await call('POST', '/v1/ingest', body, headers);
    assert.deepEqual([refused.status, refused.body.code], [400, code], JSON.stringify(body).slice(0, 60));
  }
  assert.equal(pipeline.ingestion.requests.length, 0);
});

test('a caller sends for devices whose topics it may publish to, a device for itself', async (t) => {
  const rules = [{ action: 'publish', filter: 'devices/child-1/#' }] as const;
  const users = [{ name: 'gate', password: 'gate-secret', admin: false, rules: [...rules] }];
  const { call, pipeline } = await serve(t, { users, anonymous: 'never' });
  const items = [
    { deviceId: 'child-1', payload: 1 },
    { deviceId: 'child-2', payload: 1 },
    { deviceId: 'x/../y', payload: 1 },
  ];
  const { body } = await call('POST', '/v1/ingest', items, basic('gate', 'gate-secret'));
  assert.deepEqual(
    body.results.map(({ ok, code }: { ok: boolean; code?: string }) => code ?? ok),
    [true, 'not_authorized', 'not_authorized'],
  );
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ deviceId, publisher }) => [deviceId, publisher]),
    [['child-1', 'gate']],
  );
  assert.equal((await call('POST', '/v1/ingest', items)).status, 401);
});

test('an item that names no device is asked for one, where no device sends it', async (t) => {
  const { call } = await serve(t);
  const { body } = await call('POST', '/v1/ingest', [{ payload: 1 }]);
  assert.equal(body.results[0].code, 'invalid_argument');
  assert.match(body.results[0].detail, /^Say which device the message is of: /);
});

test('who prefers to be answered early is, for a batch as for lines, and is told so', async (t) => {
  const { call, pipeline } = await serve(t);
  pipeline.ingestion.answer = { kind: 'accepted', messageId: 'unused' };
  for (const [path, body, type] of [
    ['/v1/ingest', '{"deviceId":"d1","payload":1}\n', 'application/x-ndjson'],
    ['/v1/devices/d1/batch', '[{"payload":1}]', 'application/json'],
    [
      '/v1/cloud-events',
      '[{"specversion":"1.0","id":"1","source":"s","type":"t","subject":"d1"}]',
      'application/cloudevents-batch+json',
    ],
  ]) {
    const early = await call('POST', path, body, { 'content-type': type, prefer: 'respond-async, wait=5' });
    assert.deepEqual([early.status, early.headers.get('preference-applied')], [200, 'respond-async, wait=5'], path);
    assert.deepEqual(early.body.results, [{ messageId: early.body.results[0].messageId, ok: true, accepted: true }]);
    const usual = await call('POST', path, body, { 'content-type': type });
    assert.equal(usual.headers.get('preference-applied'), null);
  }
  assert.deepEqual(
    pipeline.ingestion.wishes.map(({ safeIsEnough }) => safeIsEnough),
    [true, false, true, false, true, false],
  );
  assert.equal((await call('POST', '/v1/ingest', '{"payload":1}', { ...ndjson, prefer: 'wait=soon' })).status, 400);
});

test('whoever waits hears of each message what became of it, and which are still only accepted', async (t) => {
  const { call, pipeline } = await serve(t);
  const { ingestion } = pipeline;
  ingestion.refused.set('full', new SluiceError('queue_full', 'Send it later'));
  ingestion.answer = { kind: 'accepted', messageId: 'unused' };
  const asked: [number[], number][] = [];
  let cancelled = 0;
  ingestion.results = {
    bound: 'resultWaitersMax',
    within: async (tags, waitMs) => {
      asked.push([[...tags], waitMs]);
      const error = new SluiceError('schema_violation', 'Send t as a number');
      return new Map<number, FinalAnswer>([
        [0, { kind: 'stored', outcome: 'applied' }],
        [3, { kind: 'rejected', error }],
      ]);
    },
    cancel: () => void cancelled++,
  };
  const items = ['d1', 'full', 'd2', 'd3'].map((deviceId) => ({ deviceId, payload: 1 }));
  const { status, body, headers } = await call('POST', '/v1/ingest', items, { prefer: 'wait=100' });
  assert.deepEqual([status, headers.get('preference-applied')], [200, 'wait=30']);
  assert.deepEqual(body.results, [
    { messageId: 'made-0', ok: true, outcome: 'applied' },
    { ok: false, code: 'queue_full', detail: 'Send it later', retryable: true },
    { messageId: 'made-2', ok: true, accepted: true },
    { messageId: 'made-3', ok: false, code: 'schema_violation', detail: 'Send t as a number', retryable: false },
  ]);
  assert.equal(body.notAwaited, 'resultWaitersMax');
  assert.deepEqual([asked, cancelled], [[[[0, 2, 3], 30_000]], 1]);

  ingestion.answer = { kind: 'processed', messageId: 'unused', outcome: 'stale' };
  const inline = await call('POST', '/v1/ingest', items.slice(2), { prefer: 'wait=9' });
  assert.deepEqual(
    inline.body.results.map(({ outcome }: { outcome: string }) => outcome),
    ['stale', 'stale'],
  );
  assert.deepEqual([asked.length, cancelled], [1, 2]);
});
