import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { connectAsync } from 'mqtt';
import { type Server, startConfigured, startServer } from './server.ts';

const started = startServer({ after });

interface Story {
  readonly status: string;
  readonly waiting?: { readonly attempts: number };
  readonly dead?: { readonly code: string };
  readonly rows: readonly { readonly data: object; readonly outcome: string }[];
}

test('a message is followed through waiting, dead, waiting again and applied by its story', async () => {
  const server = await serverWith({ mode: 'queued', schemas: { telemetry: { required: ['n'] } } });
  const story = (): Promise<Story> => server.api('GET', '/v1/devices/m1/messages/first');
  await server.api('POST', '/v1/queues/ingest/pause');
  const sent = await post(server, '/v1/devices/m1/telemetry', '{"t":1}', {
    'sluice-message-id': 'first',
    prefer: 'wait=0',
  });
  assert.deepEqual([sent.status, sent.headers.get('preference-applied')], [202, 'wait=0']);
  assert.equal(sent.headers.get('location'), '/v1/devices/m1/messages/first');
  const waiting = await story();
  assert.deepEqual([waiting.status, waiting.waiting?.attempts, waiting.rows], ['waiting', 0, []]);

  const again = { 'sluice-message-id': 'second', prefer: 'wait=20' };
  const refused = post(server, '/v1/devices/m1/telemetry', '{"t":2}', again);
  await server.api('POST', '/v1/queues/ingest/resume');
  assert.equal((await refused).status, 422);
  const dead = await story();
  assert.deepEqual([dead.status, dead.dead?.code], ['dead', 'schema_violation']);

  await server.api('PUT', '/v1/device-types/meter', { mode: 'queued', schemaPolicy: 'off' });
  const good = post(server, '/v1/devices/m1/telemetry', '{"t":3}', { ...again, 'sluice-message-id': 'first' });
  assert.deepEqual(await (await good).json(), { messageId: 'first', outcome: 'applied' });
  await server.api('POST', '/v1/dead-letters/replay', {});
  const third = post(server, '/v1/devices/m1/telemetry', '{"t":4}', { ...again, 'sluice-message-id': 'third' });
  assert.equal((await third).status, 200);
  const { stories } = await server.api<{ stories: Story[] }>('GET', '/v1/messages/first');
  assert.deepEqual(
    stories.map(({ status, rows }) => [status, rows.map(({ data, outcome }) => [data, outcome])]),
    [['processed', [[{ t: 3 }, 'applied']]]],
  );
});

test('a batch of queued messages waits for what becomes of each, and names those that are only accepted', async () => {
  const server = await serverWith({ mode: 'queued', schemas: { telemetry: { required: ['n'] } } });
  const lines = ['{"payload":{"n":1},"messageId":"a"}', '{"payload":{"t":1}}', '{"payload":{"n":2},"messageId":"a"}'];
  const send = async (prefer: string): Promise<unknown[]> => {
    const type = { 'content-type': 'application/x-ndjson', prefer };
    const answer = await post(server, '/v1/devices/m1/batch', lines.join('\n'), type);
    assert.deepEqual([answer.status, answer.headers.get('preference-applied')], [200, prefer]);
    const { results } = (await answer.json()) as { results: { code?: string; outcome?: string; accepted?: boolean }[] };
    return results.map(({ code, outcome, accepted }) => code ?? outcome ?? accepted);
  };
  await server.api('POST', '/v1/queues/ingest/pause');
  assert.deepEqual(await send('wait=0'), [true, true, true]);
  await server.api('POST', '/v1/queues/ingest/purge');
  const waiting = send('wait=25');
  await server.api('POST', '/v1/queues/ingest/resume');
  assert.deepEqual(await waiting, ['applied', 'schema_violation', 'duplicate']);
});

test('firmware that was written for ThingsBoard, and a device that listens to its errors, are understood', async (t) => {
  const server = await serverWith({ mode: 'inline' });
  const { password } = await server.api<{ password: string }>('POST', '/v1/devices/m1/credentials');
  const device = await connectAsync(server.mqttUrl, { username: 'm1', password, protocolVersion: 5 });
  t.after(() => device.endAsync());
  await device.subscribeAsync('devices/me/errors', { qos: 1 });
  await device.publishAsync('v1/devices/me/telemetry', '{"ts":1451649600512,"values":{"key1":"value1"}}', { qos: 1 });
  await device.publishAsync('v1/devices/me/attributes', '{"serial":"x"}', { qos: 1 });
  const told = new Promise<[string, Buffer]>((resolve) =>
    device.once('message', (topic, payload) => resolve([topic, payload])),
  );
  await assert.rejects(device.publishAsync('v1/devices/me/telemetry', '{', { qos: 1 }));
  const [topic, payload] = await told;
  const problem = JSON.parse(payload.toString());
  assert.deepEqual([topic, problem.stage, problem.retryable], ['devices/m1/errors', 'decode', false]);
  assert.deepEqual(await stateOf(server), { 'attributes serial': 'x', 'telemetry key1': 'value1' });
});

test('a gateway that was written for ThingsBoard connects a device that nobody registered, and speaks for it', async (t) => {
  const server = await serverWith({ mode: 'inline' });
  await server.api('PUT', '/v1/device-types/gateway', { mode: 'inline', childTypes: ['meter'] });
  await server.api('PUT', '/v1/devices/gate', { type: 'gateway' });
  const { password } = await server.api<{ password: string }>('POST', '/v1/devices/gate/credentials');
  const gateway = await connectAsync(server.mqttUrl, { username: 'gate', password, protocolVersion: 5 });
  t.after(() => gateway.endAsync());
  const say = (kind: string, payload: object): Promise<unknown> =>
    gateway.publishAsync(`v1/gateway/${kind}`, JSON.stringify(payload), { qos: 1 });
  await assert.rejects(say('telemetry', { 'meter-9': { n: 1 } }), { code: 0x87 });
  await assert.rejects(say('connect', { device: 'm1' }), { code: 0x87 });
  await say('connect', { device: 'meter-9', type: 'meter' });
  await say('telemetry', { 'meter-9': { n: 2 } });
  await gateway.publishAsync('devices/meter-9/events/door', '{"open":true}', { qos: 1 });
  await say('disconnect', { device: 'meter-9' });
  const { state } = await server.api<{ state: { key: string }[] }>('GET', '/v1/devices/meter-9/state');
  assert.deepEqual(state.map(({ key }) => key).sort(), ['n', 'open']);
});

test('lines, events and compressed bodies end in the same state', async () => {
  const server = await serverWith({ mode: 'inline' });
  const lines =
    '{"deviceId":"m1","payload":{"a":1}}\n{"deviceId":"m1","payload":{"b":2}}\n{"deviceId":"nobody","payload":1}';
  const batch = await post(server, '/v1/ingest', gzipSync(lines), {
    'content-type': 'application/x-ndjson',
    'content-encoding': 'gzip',
  });
  const { results } = (await batch.json()) as { results: { ok: boolean; outcome?: string; code?: string }[] };
  assert.deepEqual(
    results.map(({ outcome, code }) => outcome ?? code),
    ['applied', 'applied', 'device_unknown'],
  );
  const event = { specversion: '1.0', id: '1', source: '/pump', type: 'door.open', data: { open: true } };
  const send = () =>
    post(server, '/v1/devices/m1/cloud-events', JSON.stringify(event), {
      'content-type': 'application/cloudevents+json',
    });
  assert.equal((await send()).status, 200);
  assert.equal(((await (await send()).json()) as { outcome: string }).outcome, 'duplicate');
  assert.deepEqual(await stateOf(server), { 'door.open open': true, 'telemetry a': 1, 'telemetry b': 2 });
});

test('an event leads a device only to topics that the rules allow it, over MQTT and by the HTTP API', async (t) => {
  const rules = [{ effect: 'deny', action: 'publish', filter: 'devices/+/events/door.open' }];
  const users = [{ name: 'root', password: 'secret', admin: true }];
  const server = await startConfigured(t, { access: { rules, users } });
  const json = { 'content-type': 'application/json' };
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const headers = { ...json, ...basic('root', 'secret') };
    const response = await fetch(server.httpUrl + path, { method, headers, body: body && JSON.stringify(body) });
    return (await response.json()) as T;
  };
  await call('PUT', '/v1/device-types/meter', { mode: 'inline' });
  await call('PUT', '/v1/devices/m1', { type: 'meter' });
  const { password } = await call<{ password: string }>('POST', '/v1/devices/m1/credentials');
  const device = await connectAsync(server.mqttUrl, { username: 'm1', password, protocolVersion: 5 });
  t.after(() => device.endAsync());
  const eventOf = (type: string) => ({ specversion: '1.0', id: type, source: '/pump', type });
  const publish = (type: string): Promise<unknown> =>
    device.publishAsync('devices/me', '{"open":true}', { qos: 1, properties: { userProperties: eventOf(type) } });
  await publish('door.shut');
  await assert.rejects(publish('door.open'), { code: 0x87 });

  const messages = ['door.bell', 'door.open'].map((type) => ({
    topic: 'devices/me/telemetry',
    payload: { ...eventOf(type), data: { open: true } },
    properties: { contentType: 'application/cloudevents+json' },
  }));
  const response = await post(server, '/v1/messages', JSON.stringify({ messages }), {
    ...json,
    ...basic('m1', password),
  });
  const { results } = (await response.json()) as { results: { ok: boolean; code?: string }[] };
  assert.deepEqual(
    results.map(({ ok, code }) => [ok, code]),
    [
      [true, undefined],
      [false, 'not_authorized'],
    ],
  );
  const { state } = await call<{ state: { eventType: string }[] }>('GET', '/v1/devices/m1/state');
  assert.deepEqual(state.map(({ eventType }) => eventType).sort(), ['door.bell', 'door.shut']);
});

/** The server, with a new device of this type. */
async function serverWith(type: object): Promise<Server> {
  const server = await started;
  await server.api('PUT', '/v1/device-types/meter', type);
  await server.api('PUT', '/v1/devices/m1', { type: 'meter' });
  await server.api('DELETE', '/v1/devices/m1');
  await server.api('PUT', '/v1/devices/m1', { type: 'meter' });
  return server;
}

function basic(name: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` };
}

function post(
  server: Server,
  path: string,
  body: string | Buffer<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(server.httpUrl + path, { method: 'POST', body, headers });
}

async function stateOf(server: Server): Promise<Record<string, unknown>> {
  const { state } = await server.api<{ state: { eventType: string; key: string; value: unknown }[] }>(
    'GET',
    '/v1/devices/m1/state',
  );
  return Object.fromEntries(state.map(({ eventType, key, value }) => [`${eventType} ${key}`, value]));
}
