import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { type Server, startServer } from './server.ts';

const devices = ['a', 'b', 'c', 'd', 'e'];
/** Outcomes come to those who ask for more than a reason code. */
const askProblems: IClientOptions = { properties: { requestProblemInformation: true } };

test('a device type that changes its mode fifty times under traffic loses no message and stores none twice', async (t) => {
  const server = await serverWithMeters(t, { mode: 'queued' });
  const [listener, sender] = [await connected(t, server), await connected(t, server)];
  const messages = 10_000;
  const told = new Map<string, number>();
  const allTold = new Promise<void>((resolve) => {
    listener.on('message', (_, payload) => {
      const { messageId } = JSON.parse(payload.toString());
      told.set(messageId, (told.get(messageId) ?? 0) + 1);
      if (told.size === messages) resolve();
    });
  });
  await listener.subscribeAsync(['events/#', 'stale/#'], { qos: 1 });

  const answers = new Set<string>();
  sender.on('packetreceive', (packet) => {
    if (packet.cmd === 'puback') answers.add(`${packet.properties?.userProperties?.['sluice-outcome'] ?? 'safe'}`);
  });
  const wave = (from: number, count: number): Promise<unknown> =>
    Promise.all(Array.from({ length: count }, (_, i) => send(sender, from + i)));
  const modes = ['inline', 'auto', 'queued'];
  for (let change = 0; change < 50; change++) {
    const sent = wave((change * messages) / 50, messages / 50);
    await server.api('PUT', '/v1/device-types/meter', { mode: modes[change % modes.length] });
    await sent;
  }
  await allTold;

  assert.deepEqual(answers, new Set(['applied', 'safe']), 'both ways were gone');
  assert.deepEqual(
    [...told.values()].filter((times) => times !== 1),
    [],
  );
  // A message that went inline may be stored before an older one in the queue, which is stale then.
  const { applied, stale = 0, ...others } = await outcomes(server);
  assert.deepEqual([applied + stale, others], [messages, {}]);
  for (const id of devices) {
    const { state } = await server.api<{ state: { value: number }[] }>('GET', `/v1/devices/${id}/state`);
    assert.deepEqual(
      state.map(({ value }) => value),
      [messages - devices.length + devices.indexOf(id)],
    );
  }
});

test('a device that is too fast hears of its limit over MQTT 5 and HTTP, and is slowed over MQTT 3.1.1', async (t) => {
  const limit = 'rates.device.messagesPerSecond';
  const server = await serverWithMeters(t, { mode: 'inline', rates: { device: { messagesPerSecond: 1 } } });
  const path = '/v1/devices/a/telemetry';
  const post = (): Promise<Response> => fetch(server.httpUrl + path, { method: 'POST', body: '{"v":1}' });
  assert.equal((await post()).status, 200);
  const refused = await post();
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '1');
  const problem = (await refused.json()) as Record<string, unknown>;
  assert.equal(problem.code, 'rate_limited');
  assert.match(`${problem.detail}`, new RegExp(limit));

  const five = await connected(t, server);
  const [, late] = await Promise.allSettled([send(five, 1), send(five, 1)]);
  assert.equal(late.status, 'rejected');
  assert.match(String(late.status === 'rejected' && late.reason.message), /Quota exceeded/);

  const old = await connected(t, server, { protocolVersion: 4, properties: {} });
  await Promise.all([send(old, 2), send(old, 2), send(old, 2)]);
  assert.ok(old.connected);
  const { state } = await server.api<{ state: { value: number }[] }>('GET', '/v1/devices/c/state');
  assert.deepEqual(
    state.map(({ value }) => value),
    [2],
  );
});

async function serverWithMeters(t: TestContext, type: object): Promise<Server> {
  const server = await startServer(t);
  await server.api('PUT', '/v1/device-types/meter', type);
  for (const id of devices) await server.api('PUT', `/v1/devices/${id}`, { type: 'meter' });
  return server;
}

async function connected(t: TestContext, server: Server, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(server.mqttUrl, {
    reconnectPeriod: 0,
    protocolVersion: 5,
    ...askProblems,
    ...options,
  });
  t.after(() => client.endAsync(true));
  return client;
}

/** The message of that number, by the device whose turn it is; resolves when it is acknowledged. */
function send(client: MqttClient, i: number): Promise<unknown> {
  const payload = JSON.stringify({ v: i, seq: i });
  return client.publishAsync(`devices/${devices[i % devices.length]}/telemetry`, payload, { qos: 1 });
}

async function outcomes(server: Server): Promise<Record<string, number>> {
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
  const found = metrics.matchAll(/^sluice_pipeline_messages_total\{outcome="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(found, ([, outcome, count]) => [outcome, Number(count)]));
}
