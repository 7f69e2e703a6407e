import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedSecretCost, hashSecret } from '../../access/secrets.ts';
import { SluiceError } from '../../errors.ts';
import { basic, serve } from '../testing/served.ts';

test('messages are published as they are said, with a result for each', async (t) => {
  const { call, published } = await serve(t);
  const { status, body } = await call('POST', '/v1/messages', {
    messages: [
      { topic: 'a/b', payload: 'text', retain: true, qos: 2, properties: { contentType: 'text/plain' } },
      { topic: 'a/c', payload: { on: true }, encoding: 'json' },
    ],
  });
  assert.equal(status, 200);
  assert.deepEqual(body.results, [{ ok: true }, { ok: true }]);
  const [first, second] = published;
  assert.equal(first.topic, 'a/b');
  assert.equal(first.qos, 2);
  assert.equal(first.retain, true);
  assert.equal(first.publisher, 'anonymous');
  assert.deepEqual(first.properties, { contentType: 'text/plain' });
  assert.equal(second.payload.toString(), '{"on":true}');
  assert.equal(second.qos, 1);
});

test('what one message lacks is said of that message, and the others go on', async (t) => {
  const { call, published } = await serve(t);
  const { body } = await call('POST', '/v1/messages', {
    messages: [
      { topic: 'a/+', payload: 'x' },
      { topic: 'a', payload: '%', encoding: 'base64' },
      { topic: 'a', payload: 'good' },
    ],
  });
  assert.deepEqual(
    body.results.map((result: { ok: boolean; code?: string }) => result.code ?? result.ok),
    ['invalid_topic', 'payload_unreadable', true],
  );
  assert.match(body.results[0].detail, /takes no wildcards/);
  assert.equal(published.length, 1);
});

test('a message that was not stored is not called ok', async (t) => {
  const { call, broker } = await serve(t);
  broker.failure = new SluiceError('storage_failed', 'Send it again: the disk is full');
  const { body } = await call('POST', '/v1/messages', { messages: [{ topic: 'a', payload: 'x' }] });
  assert.deepEqual(body.results, [
    { ok: false, code: 'storage_failed', detail: 'Send it again: the disk is full', retryable: true },
  ]);
});

test('a user and a device publish only where they may', async (t) => {
  const { call, published, store } = await serve(t, { anonymous: 'never' });
  store.known.set('d1', {
    id: 'd1',
    type: 'm',
    firmwareVersion: undefined,
    attributes: {},
    retired: false,
    createdAt: 0,
  });
  await store.credentials.setPassword('d1', await hashSecret('d1-secret', generatedSecretCost));
  const publish = async (headers: Record<string, string>, ...topics: string[]) => {
    const messages = topics.map((topic) => ({ topic, payload: '' }));
    const { body } = await call('POST', '/v1/messages', { messages }, headers);
    return body.results.map((result: { ok: boolean; code?: string }) => result.code ?? result.ok);
  };
  assert.deepEqual(await publish(basic('ann', 'ann-secret'), 'apps/ann/x', 'apps/bob/x'), [true, 'not_authorized']);
  assert.deepEqual(await publish(basic('d1', 'd1-secret'), 'devices/me/telemetry', 'devices/d2'), [
    true,
    'not_authorized',
  ]);
  assert.deepEqual(
    published.map(({ topic }) => topic),
    ['apps/ann/x', 'devices/d1/telemetry'],
  );
});

test('a body that is not in the contract is refused with what is', async (t) => {
  const { call } = await serve(t);
  const detailOf = async (body: object | string, headers?: Record<string, string>): Promise<[number, string]> => {
    const answer = await call('POST', '/v1/messages', body, headers);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    return [answer.status, answer.body.detail];
  };
  const json = { 'content-type': 'application/json' };
  assert.deepEqual(await detailOf({}), [400, 'Give "messages" in the body: it is missing']);
  assert.deepEqual(await detailOf('', json), [400, 'Give "messages" in the body: it is missing']);
  assert.deepEqual(await detailOf({ message: [], messages: [{ topic: 'a', payload: '' }] }), [
    400,
    'Remove "message" from the body: it takes messages; did you mean "messages"?',
  ]);
  assert.deepEqual(await detailOf({ messages: [] }), [400, 'Give at least 1 in messages: met 0']);
  assert.deepEqual(await detailOf({ messages: [{ topic: 'a', payload: '', qos: 3 }] }), [
    400,
    'Give messages.0.qos as one of 0, 1, 2: met 3',
  ]);
  assert.deepEqual(await detailOf({ messages: [{ topic: 'a', payload: '', retain: 'true' }] }), [
    400,
    'Give messages.0.retain as boolean: met "true"',
  ]);
  const typo = await detailOf({ messages: [{ topic: 'a', payload: '', retained: true }] });
  assert.deepEqual(typo, [
    400,
    'Remove "retained" from messages.0: it takes topic, payload, encoding, properties, qos, retain; did you mean "retain"?',
  ]);
  assert.equal((await detailOf('{"messages":', json))[0], 400);
  assert.equal((await detailOf('{"messages":[],"__proto__":{}}', json))[0], 400);
  assert.equal((await detailOf('a=b', { 'content-type': 'application/x-www-form-urlencoded' }))[0], 415);
  assert.equal((await detailOf('{}', { 'content-type': 'text/plain' }))[0], 415);
  assert.equal((await detailOf(`"${'x'.repeat(70_000)}"`, json))[0], 413);
  const many = Array.from({ length: 1_001 }, () => ({ topic: 'a', payload: '' }));
  assert.deepEqual(await detailOf({ messages: many }), [400, 'Give at most 1000 in messages: met 1001']);
});

test('a body nested deeper than anything is refused, and the server lives on', async (t) => {
  const { call, published } = await serve(t);
  const json = { 'content-type': 'application/json' };
  for (const value of ['['.repeat(10_000) + ']'.repeat(10_000), '{"a":'.repeat(5_000) + 1 + '}'.repeat(5_000)]) {
    const { status, body } = await call('POST', '/v1/messages', `{"messages":${value}}`, json);
    assert.deepEqual([status, body.code], [400, 'payload_unreadable']);
    assert.match(body.detail, /at most 64 arrays and objects inside each other/);
    const payload = await call('POST', '/v1/messages', `{"messages":[{"topic":"a","payload":${value}}]}`, json);
    assert.equal(payload.status, 400);
  }
  const deepest = '['.repeat(61) + ']'.repeat(61);
  const good = await call('POST', '/v1/messages', `{"messages":[{"topic":"a","payload":${deepest}}]}`, json);
  assert.deepEqual(good.body.results, [{ ok: true }]);
  assert.equal(published[0].payload.toString(), deepest);
  const mistaken = await call('POST', '/v1/messages', { messages: [{ topic: 'a', payload: '', retain: [[]] }] });
  assert.equal(mistaken.body.detail, 'Give messages.0.retain as boolean: met an array');
});

test('properties that no MQTT packet could carry are refused of that message', async (t) => {
  const { call, published } = await serve(t, { options: { bodyBytesMax: 1024 * 1024 } });
  const { body } = await call('POST', '/v1/messages', {
    messages: [
      { topic: 'a', payload: '', properties: { contentType: '€'.repeat(60_000) } },
      { topic: 'a', payload: '', properties: { responseTopic: 'a/#' } },
      { topic: '€'.repeat(30_000), payload: '' },
      { topic: 'a', payload: '', properties: { userProperties: [['a\0', 'b']] } },
      { topic: 'a', payload: '' },
    ],
  });
  assert.deepEqual(
    body.results.map((result: { ok: boolean; code?: string }) => result.code ?? result.ok),
    ['invalid_argument', 'invalid_topic', 'invalid_topic', 'invalid_argument', true],
  );
  assert.equal(published.length, 1);
});

test('a refusal of the broker is told of its message', async (t) => {
  const { call, broker } = await serve(t);
  broker.failure = new SluiceError('invalid_topic', 'Cannot publish to "$SYS/x"');
  const { status, body } = await call('POST', '/v1/messages', { messages: [{ topic: '$SYS/x', payload: '' }] });
  assert.equal(status, 200);
  assert.deepEqual(body.results, [
    { ok: false, code: 'invalid_topic', detail: 'Cannot publish to "$SYS/x"', retryable: false },
  ]);
});

test('a publish that fails halfway is one failure, says nothing of the inside and holds up no other message', async (t) => {
  const { call, broker } = await serve(t);
  broker.thrown = new Error('cannot read /secret/path');
  const { body } = await call('POST', '/v1/messages', {
    messages: [
      { topic: 'a', payload: '' },
      { topic: 'b', payload: '' },
    ],
  });
  const [first, second] = body.results;
  assert.deepEqual([first.ok, first.code, second], [false, 'internal', { ok: true }]);
  assert.doesNotMatch(first.detail, /secret/);
});
