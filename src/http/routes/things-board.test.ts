import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '../../access/access.ts';
import { SluiceError } from '../../errors.ts';
import { serve } from '../testing/served.ts';

const device: Identity = { kind: 'device', name: 'd1', deviceType: 'meter' };

test('the token in the path says which device sends, and it is answered with 200', async (t) => {
  const { call, pipeline, access } = await serve(t, { anonymous: 'never' });
  t.mock.method(access, 'authenticateToken', async (token: string | undefined) => {
    if (token === 'A1_TEST_TOKEN') return device;
    throw new SluiceError('unauthenticated', 'Give valid credentials');
  });
  pipeline.ingestion.answer = { kind: 'accepted', messageId: 'm1' };
  const body = '{"ts":1451649600512,"values":{"key1":"value1"}}';
  const telemetry = await call('POST', '/api/v1/A1_TEST_TOKEN/telemetry', body);
  assert.deepEqual([telemetry.status, telemetry.body], [200, { messageId: 'm1' }]);
  await call('POST', '/api/v1/A1_TEST_TOKEN/attributes', '{"serial":"x"}');
  const common = { deviceId: 'd1', contentType: 'application/json', publisher: 'd1' };
  assert.deepEqual(pipeline.ingestion.requests, [
    { ...common, eventType: 'telemetry', payload: Buffer.from(body) },
    { ...common, eventType: 'attributes', payload: Buffer.from('{"serial":"x"}') },
  ]);
  assert.equal((await call('POST', '/api/v1/wrong/telemetry', body)).status, 401);
});

test('a token of somebody else than a device opens nothing', async (t) => {
  const { call, pipeline } = await serve(t);
  const { status, body } = await call('POST', '/api/v1/ops-token/telemetry', '{}');
  assert.deepEqual([status, body.code], [403, 'not_authorized']);
  assert.equal((await call('POST', '/api/v1/a%20b/telemetry', '{}')).status, 401);
  assert.equal(pipeline.ingestion.requests.length, 0);
});
