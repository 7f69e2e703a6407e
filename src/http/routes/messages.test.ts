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
  assert.deepEqual(body.results, [{ ok: false, code: 'storage_failed', detail: 'Send it again: the disk is full' }]);
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
  store.hashes.set('d1', await hashSecret('d1-secret', generatedSecretCost));
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
    'Remove "message" from the body: it takes messages',
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
    'Remove "retained" from messages.0: it takes topic, payload, encoding, properties, qos, retain',
  ]);
  assert.equal((await detailOf('{"messages":', json))[0], 400);
  assert.equal((await detailOf('{"messages":[],"__proto__":{}}', json))[0], 400);
  assert.equal((await detailOf('a=b', { 'content-type': 'application/x-www-form-urlencoded' }))[0], 415);
  assert.equal((await detailOf('{}', { 'content-type': 'text/plain' }))[0], 415);
  assert.equal((await detailOf(`"${'x'.repeat(70_000)}"`, json))[0], 413);
  const many = Array.from({ length: 1_001 }, () => ({ topic: 'a', payload: '' }));
  assert.deepEqual(await detailOf({ messages: many }), [400, 'Give at most 1000 in messages: met 1001']);
});
