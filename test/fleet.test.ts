// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of rules look like those of JavaScript

import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { exportPKCS8, exportSPKI, generateKeyPair, importPKCS8, SignJWT } from 'jose';
import { connect, connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { type Server, startConfigured } from './server.ts';

interface Credential {
  readonly id: string;
  readonly password: string;
  readonly token: string;
}

const started = startConfigured({ after }, { access: { anonymous: 'loopback' } });

/** The server, with the new devices `m-1` and `m-2` and no other. */
async function withFleet(t: TestContext) {
  const server = await started;
  await server.api('PUT', '/v1/device-types/meter', { mode: 'inline' });
  const { devices } = await server.api<{ devices: { id: string }[] }>('GET', '/v1/devices');
  for (const { id } of devices) await server.api('DELETE', `/v1/devices/${id}`);
  for (const id of ['m-1', 'm-2']) await server.api('PUT', `/v1/devices/${id}`, { type: 'meter' });
  const logIn = async (options: IClientOptions): Promise<MqttClient> => {
    const client = await connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0, ...options });
    t.after(() => client.end(true));
    return client;
  };
  const credential = (id: string, body: object = {}) =>
    server.api<Credential>('POST', `/v1/devices/${id}/credentials`, body);
  return { server, logIn, credential };
}

/** The status of a message that a device sends over HTTP. */
async function posts(server: Server, id: string, authorization: string): Promise<number> {
  const { status } = await fetch(`${server.httpUrl}/v1/devices/${id}/telemetry`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: '{"v":1}',
  });
  return status;
}

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

/** Resolves with the reason code of the DISCONNECT that the server sends. */
function sentAway(client: MqttClient): Promise<number | undefined> {
  return new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
}

test('a device logs in with a password or a token, over MQTT and HTTP, until that one is revoked', async (t) => {
  const { server, logIn, credential } = await withFleet(t);
  const { password, id: passwordId } = await credential('m-1');
  const { token } = await credential('m-1', { kind: 'token', name: 'second' });
  const byPassword = await logIn({ username: 'm-1', password });
  const byToken = await logIn({ username: 'm-1', password: token });
  const bare = await logIn({ username: token });
  for (const client of [byPassword, byToken, bare]) {
    await client.publishAsync('devices/m-1/telemetry', '{"v":1}', { qos: 1 });
    await assert.rejects(client.publishAsync('devices/m-2/telemetry', '{"v":1}', { qos: 1 }), { code: 0x87 });
  }
  assert.equal(await posts(server, 'm-1', basic('m-1', password)), 200);
  assert.equal(await posts(server, 'me', `Bearer ${token}`), 200);
  assert.equal(await posts(server, 'm-2', `Bearer ${token}`), 403);
  const left = sentAway(byPassword);
  await server.api('DELETE', `/v1/devices/m-1/credentials/${passwordId}`);
  assert.equal(await left, 0x87);
  assert.equal(await posts(server, 'm-1', basic('m-1', password)), 401);
  assert.equal(await posts(server, 'm-1', `Bearer ${token}`), 200);
  assert.equal(bare.connected && byToken.connected, true);
  await server.stop('SIGKILL');
  await server.start();
  assert.equal(await posts(server, 'm-1', basic('m-1', password)), 401);
  assert.equal(await posts(server, 'm-1', `Bearer ${token}`), 200);
});

test('a rotated token overlaps with the one before, which ends by itself with its connections', async (t) => {
  const { server, logIn, credential } = await withFleet(t);
  const { token: first } = await credential('m-1', { kind: 'token' });
  const connected = await logIn({ username: first });
  const left = sentAway(connected);
  const { token: second } = await credential('m-1', { kind: 'token', overlapSeconds: 2 });
  await logIn({ username: first });
  await logIn({ username: second });
  assert.equal(await left, 0x87);
  assert.equal(await posts(server, 'm-1', `Bearer ${first}`), 401);
  assert.equal(await posts(server, 'm-1', `Bearer ${second}`), 200);
  const { token: third } = await credential('m-1', { kind: 'token' });
  assert.equal(await posts(server, 'm-1', `Bearer ${second}`), 401);
  assert.equal(await posts(server, 'm-1', `Bearer ${third}`), 200);
});

test('a device signs its own tokens: another key, audience, device or time lets nobody in', async (t) => {
  const { server, logIn, credential } = await withFleet(t);
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const other = await generateKeyPair('ES256', { extractable: true });
  await credential('m-1', { kind: 'key', publicKey: await exportSPKI(publicKey) });
  await credential('m-2', { kind: 'key', publicKey: await exportSPKI(other.publicKey) });
  const key = await importPKCS8(await exportPKCS8(privateKey), 'ES256');
  const sign = (claims: { sub?: string; aud?: string } = {}, exp = '1h', by = key) => {
    const { sub = 'm-1', aud = 'sluice' } = claims;
    return new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject(sub)
      .setAudience(aud)
      .setExpirationTime(exp)
      .sign(by);
  };
  const good = await sign();
  const client = await logIn({ username: 'm-1', password: good });
  await client.publishAsync('devices/m-1/telemetry', '{"v":1}', { qos: 1 });
  assert.equal(await posts(server, 'm-1', `Bearer ${good}`), 200);
  const bad = [
    await sign({}, '1h', other.privateKey),
    await sign({ aud: 'elsewhere' }),
    await sign({ sub: 'm-2' }),
    await sign({}, '-2h'),
    await sign({}, '30d'),
    `${good.slice(0, -4)}AAAA`,
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`,
  ];
  for (const token of bad) {
    assert.equal(await posts(server, 'm-1', `Bearer ${token}`), 401, token);
    await assert.rejects(logIn({ username: 'm-1', password: token }), { code: 0x87 }, token);
  }
  const left = sentAway(client);
  await server.api('DELETE', '/v1/devices/m-1/credentials');
  assert.equal(await left, 0x87);
});

test('a gateway acts for the devices behind it and for no other, as long as they are behind it', async (t) => {
  const { server, logIn, credential } = await withFleet(t);
  await server.api('PUT', '/v1/devices/gw', { type: 'meter' });
  await server.api('PATCH', '/v1/devices/m-1', { gateway: 'gw' });
  const { token } = await credential('gw', { kind: 'token' });
  const gateway = await logIn({ username: token });
  await gateway.publishAsync('devices/m-1/telemetry', '{"v":7}', { qos: 1 });
  await gateway.publishAsync('devices/gw/telemetry', '{"v":8}', { qos: 1 });
  await gateway.subscribeAsync('devices/m-1/#', { qos: 1 });
  await assert.rejects(gateway.publishAsync('devices/m-2/telemetry', '{"v":1}', { qos: 1 }), { code: 0x87 });
  for (const filter of ['devices/m-2/#', 'devices/+/telemetry', 'devices/#'])
    await assert.rejects(gateway.subscribeAsync(filter), filter);
  assert.equal(await posts(server, 'm-1', `Bearer ${token}`), 200);
  assert.equal(await posts(server, 'm-2', `Bearer ${token}`), 403);
  const { devices } = await server.api<{ devices: { id: string }[] }>('GET', '/v1/devices/gw/children');
  assert.deepEqual(
    devices.map(({ id }) => id),
    ['m-1'],
  );
  const left = sentAway(gateway);
  await server.api('PATCH', '/v1/devices/m-1', { gateway: null });
  // It held a subscription that it may not hold any more.
  assert.equal(await left, 0x87);
  assert.equal(await posts(server, 'm-1', `Bearer ${token}`), 403);
});

test('a rule that denies devices something denies it to their gateway, on their topics and in one object', async (t) => {
  const denied = 'devices/${deviceId}/events/attributes';
  const server = await startConfigured(t, {
    access: {
      tokens: [{ name: 'ops', token: 'ops-token-0123456789', admin: true }],
      rules: [{ effect: 'deny', action: 'publish', filter: denied }],
    },
    deviceTypes: { meter: { mode: 'inline' } },
  });
  const authorization = 'Bearer ops-token-0123456789';
  const put = (method: string, path: string, body: object): Promise<Response> =>
    fetch(`${server.httpUrl}/v1/devices/${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await put('PUT', 'gw', { type: 'meter' });
  await put('PUT', 'm-1', { type: 'meter', gateway: 'gw' });
  const token = 'token-of-the-gateway';
  assert.equal((await put('POST', 'gw/credentials', { kind: 'token', token })).status, 201);
  const gateway = await connectAsync(server.mqttUrl, { username: token, protocolVersion: 5, reconnectPeriod: 0 });
  t.after(() => gateway.end(true));
  for (const [topic, payload] of [
    ['devices/m-1/events/attributes', '{"v":1}'],
    ['v1/gateway/attributes', '{"m-1":{"v":1}}'],
  ])
    await assert.rejects(gateway.publishAsync(topic, payload, { qos: 1 }), { code: 0x87 }, topic);
  await gateway.publishAsync('v1/gateway/telemetry', '{"m-1":{"v":1}}', { qos: 1 });
});

test('an import that takes a device from its gateway takes the right away at once', async (t) => {
  const { server, logIn, credential } = await withFleet(t);
  for (const id of ['gw', 'other']) await server.api('PUT', `/v1/devices/${id}`, { type: 'meter' });
  await server.api('PATCH', '/v1/devices/m-1', { gateway: 'gw' });
  const { token } = await credential('gw', { kind: 'token' });
  const gateway = await logIn({ username: token });
  await gateway.subscribeAsync('devices/m-1/#', { qos: 1 });
  const left = sentAway(gateway);
  const headers = { 'content-type': 'text/csv' };
  const body = 'id,type,gateway\nm-1,meter,other\n';
  await fetch(`${server.httpUrl}/v1/device-import`, { method: 'POST', headers, body });
  assert.equal(await left, 0x87);
});

test('a retired device is sent away and comes back when it is restored', async (t) => {
  const { server, logIn, credential } = await withFleet(t);
  const { token } = await credential('m-1', { kind: 'token' });
  const left = sentAway(await logIn({ username: token }));
  assert.equal((await server.api<{ retired: boolean }>('POST', '/v1/devices/m-1/retire')).retired, true);
  assert.equal(await left, 0x87);
  assert.equal(await posts(server, 'm-1', `Bearer ${token}`), 410);
  await server.api('POST', '/v1/devices/m-1/restore');
  assert.equal(await posts(server, 'm-1', `Bearer ${token}`), 200);
});

test('a device registers itself by a claim key, as often as the key says', async (t) => {
  const { server, logIn } = await withFleet(t);
  const { key } = await server.api<{ key: string }>('POST', '/v1/claim-keys', {
    deviceType: 'meter',
    idPrefix: 'plant-',
  });
  const claim = (deviceId: string, more: object = {}) =>
    fetch(`${server.httpUrl}/v1/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key, deviceId, ...more }),
    });
  const made = await claim('plant-1');
  assert.equal(made.status, 201);
  const { token, username } = (await made.json()) as { token: string; username: string };
  const client = await logIn({ username, password: token });
  await client.publishAsync('devices/me/telemetry', '{"v":1}', { qos: 1 });
  assert.equal((await claim('plant-2')).status, 401);
  assert.equal((await claim('plant-1', { token })).status, 201);
  assert.equal((await claim('plant-1')).status, 409);
});

test('a device without credentials registers itself over MQTT, and comes back as itself', async (t) => {
  const { server, logIn } = await withFleet(t);
  const { key } = await server.api<{ key: string }>('POST', '/v1/claim-keys', {
    deviceType: 'meter',
    idPrefix: 'plant-',
  });
  for (const protocolVersion of [5, 4] as const) {
    const client = await logIn({ username: 'claim', clientId: 'AB-12', protocolVersion });
    await client.subscribeAsync('$claims/AB-12/response');
    const claim = async (body: string | Buffer): Promise<Record<string, string>> => {
      const answer = new Promise<Buffer>((resolve) => client.once('message', (_, payload) => resolve(payload)));
      await client.publishAsync('$claims/AB-12/request', body, { qos: 0 });
      return JSON.parse(String(await answer));
    };
    assert.equal((await claim('{"key":"x","deviceId":"plant-1","password":"y"}')).code, 'invalid_argument');
    assert.equal((await claim(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).code, 'payload_unreadable');
    assert.equal((await claim('{"key":"guessed","deviceId":"plant-1"}')).code, 'unauthenticated');
    if (protocolVersion === 4) continue;
    const { deviceId, token } = await claim(JSON.stringify({ key, deviceId: 'plant-1' }));
    const device = await logIn({ clientId: 'AB-12', username: deviceId, password: token });
    await device.publishAsync('devices/me/telemetry', '{"v":1}', { qos: 1 });
    assert.equal((await claim(JSON.stringify({ key, deviceId: 'plant-1', token }))).token, token);
  }
});

test('a device hears of its limits when it subscribes, when they change, and when it comes back to a change', async (t) => {
  const { server, credential } = await withFleet(t);
  const { token: username } = await credential('m-1', { kind: 'token' });
  const heard: (readonly [string, number | undefined])[] = [];
  let arrived = (): void => undefined;
  const logIn = async (): Promise<MqttClient> => {
    const client = connect(server.mqttUrl, { username, clientId: 'm-1', clean: false, reconnectPeriod: 0 });
    client.on('message', (topic, payload) => {
      heard.push([topic, JSON.parse(String(payload)).rates.device.messagesPerSecond]);
      arrived();
    });
    t.after(() => client.end(true));
    await new Promise((resolve) => client.once('connect', resolve));
    return client;
  };
  const next = async (): Promise<unknown> => {
    if (heard.length === 0)
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    return heard.shift();
  };
  const limit = (messagesPerSecond: number): Promise<unknown> =>
    server.api('PUT', '/v1/device-types/meter', { mode: 'inline', rates: { device: { messagesPerSecond } } });
  await limit(2);
  const client = await logIn();
  await client.subscribeAsync('devices/me/limits', { qos: 1 });
  assert.deepEqual(await next(), ['devices/m-1/limits', 2]);
  await limit(3);
  assert.deepEqual(await next(), ['devices/m-1/limits', 3]);
  await client.endAsync();
  await limit(4);
  await logIn();
  assert.deepEqual(await next(), ['devices/m-1/limits', 4]);
});
