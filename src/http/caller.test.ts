import assert from 'node:assert/strict';
import { request } from 'node:http';
import { type TestContext, test } from 'node:test';
import { generatedSecretCost, hashSecret } from '../access/secrets.ts';
import { testDeviceType } from '../devices/testing/store-samples.ts';
import { basic, bearer, serve } from './testing/served.ts';

async function serveDevices(t: TestContext, anonymous: 'loopback' | 'never' = 'never') {
  const served = await serve(t, { anonymous });
  served.store.types.set('meter', testDeviceType({ name: 'meter', schemaPolicy: 'off' }));
  for (const id of ['d1', 'd2', 'urn:dev:1', 'old']) {
    await served.store.registry.putDevice({
      id,
      type: 'meter',
      firmwareVersion: undefined,
      attributes: {},
      retired: id === 'old',
    });
    await served.store.credentials.setPassword(id, await hashSecret(`${id}-secret`, generatedSecretCost));
  }
  return served;
}

test('without credentials nothing but the open routes answers', async (t) => {
  const { call } = await serveDevices(t);
  for (const open of ['/healthz', '/readyz', '/v1/openapi.json']) assert.equal((await call('GET', open)).status, 200);
  for (const closed of ['/v1/queues', '/metrics', '/v1/devices/d1/state', '/v1/devices']) {
    const { status, headers, body } = await call('GET', closed);
    assert.equal(status, 401, closed);
    assert.equal(body.code, 'unauthenticated');
    assert.match(headers.get('www-authenticate') ?? '', /Basic/);
  }
  assert.equal((await call('POST', '/v1/messages', { messages: [{ topic: 'a', payload: '' }] })).status, 401);
});

test('an administrator by token may call everything, a wrong token nothing', async (t) => {
  const { call } = await serveDevices(t);
  assert.equal((await call('GET', '/v1/queues', undefined, bearer('ops-token'))).status, 200);
  assert.equal((await call('GET', '/v1/devices/d1/state', undefined, bearer('ops-token'))).status, 200);
  assert.equal((await call('GET', '/v1/queues', undefined, bearer('ops-token2'))).status, 401);
});

test('a device may call what is its own and nothing else', async (t) => {
  const { call, pipeline } = await serveDevices(t);
  const own = basic('d1', 'd1-secret');
  assert.equal((await call('POST', '/v1/devices/d1/telemetry', '{}', own)).status, 200);
  assert.equal((await call('POST', '/v1/devices/me/telemetry', '{}', own)).status, 200);
  assert.deepEqual(
    pipeline.ingestion.requests.map(({ deviceId, publisher }) => [deviceId, publisher]),
    [
      ['d1', 'd1'],
      ['d1', 'd1'],
    ],
  );
  assert.equal((await call('GET', '/v1/devices/me/state', undefined, own)).body.deviceId, 'd1');
  for (const [method, path] of [
    ['POST', '/v1/devices/d2/telemetry'],
    ['GET', '/v1/devices/d2/state'],
    ['GET', '/v1/queues'],
    ['DELETE', '/v1/devices/d1'],
    ['POST', '/v1/devices/d1/credentials'],
  ]) {
    const { status, body } = await call(method, path, undefined, own);
    assert.equal(status, 403, path);
    assert.equal(body.code, 'not_authorized');
  }
  assert.equal(pipeline.ingestion.requests.length, 2);
});

test('a device id with colons logs in where the path names it', async (t) => {
  const { call } = await serveDevices(t);
  assert.equal(
    (await call('GET', '/v1/devices/urn:dev:1/state', undefined, basic('urn:dev:1', 'urn:dev:1-secret'))).status,
    200,
  );
  assert.equal((await call('GET', '/v1/devices/urn:dev:1/state', undefined, basic('urn:dev:1', 'guess'))).status, 401);
});

test('a retired device is told so, and wrong credentials are refused also where anonymous callers pass', async (t) => {
  const { call } = await serveDevices(t, 'loopback');
  assert.equal((await call('GET', '/v1/devices/old/state', undefined, basic('old', 'old-secret'))).status, 410);
  assert.equal((await call('GET', '/v1/queues', undefined, basic('d1', 'wrong'))).status, 401);
  assert.equal((await call('GET', '/v1/queues', undefined, bearer('wrong'))).status, 401);
  for (const authorization of ['Digest x', 'Basic', 'Basic !!', 'Bearer ', 'Bearer a b', 'x']) {
    assert.equal((await call('GET', '/v1/queues', undefined, { authorization })).status, 401, authorization);
  }
});

test('a body is not read before its sender is known', async (t) => {
  const { call } = await serveDevices(t);
  assert.equal((await call('POST', '/v1/queues', 'x'.repeat(100_000))).status, 401);
});

test('a page of another site cannot use what this machine may do without credentials', async (t) => {
  const { call, server, engine } = await serveDevices(t, 'loopback');
  const own = `http://127.0.0.1:${server.port}`;
  const declare = (headers: Record<string, string>) => call('POST', '/v1/queues', { name: 'q' }, headers);
  assert.equal((await declare({ origin: 'https://evil.example' })).status, 403);
  assert.equal((await declare({ origin: 'null' })).status, 403);
  assert.equal((await engine.list()).length, 0);
  assert.equal((await declare({ origin: own })).status, 201);
  assert.equal(
    (await call('GET', '/v1/queues', undefined, { origin: 'https://evil.example', ...bearer('ops-token') })).status,
    200,
  );
  assert.equal(
    (await call('GET', '/v1/queues', undefined, { origin: 'https://evil.example', ...basic('ann', 'ann-secret') }))
      .status,
    403,
  );
});

test('a name that was made to resolve to this machine opens nothing', async (t) => {
  const { server } = await serveDevices(t, 'loopback');
  assert.equal(await statusFor(server.port, { host: 'evil.example' }), 403);
  assert.equal(await statusFor(server.port, { host: 'evil.example', origin: 'http://evil.example' }), 403);
  assert.equal(await statusFor(server.port, { host: `localhost:${server.port}` }), 200);
});

test('a proxy on this machine does not lend its place to those behind it', async (t) => {
  const { call } = await serveDevices(t, 'loopback');
  assert.equal((await call('GET', '/v1/queues', undefined, { 'x-forwarded-for': '192.0.2.1' })).status, 401);
  assert.equal((await call('GET', '/v1/queues', undefined, { forwarded: 'for=192.0.2.1' })).status, 401);
});

/** `fetch` sets the Host header itself. */
function statusFor(port: number, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/v1/queues', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}
