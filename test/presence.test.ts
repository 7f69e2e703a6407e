import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { type Server, startConfigured } from './server.ts';

interface Known {
  readonly presence?: { readonly online: boolean; readonly connectedAt?: number; readonly disconnectedAt?: number };
}

interface Leased {
  readonly messages: readonly { readonly token: string; readonly payload: string }[];
}

/** The next event of the queue, taken from it. */
async function nextEvent(server: Server): Promise<{ deviceId: string; online: boolean }> {
  const { messages } = await server.api<Leased>('POST', '/v1/queues/presence/lease', { max: 1, waitSeconds: 20 });
  const [{ token, payload }] = messages;
  await server.api('POST', '/v1/queues/presence/ack', { tokens: [token] });
  const { deviceId, data } = JSON.parse(payload);
  return { deviceId, online: data.online };
}

test('a device is online while it is connected, and offline after kill -9, in the API and for listeners', async (t) => {
  const server = await startConfigured(t, {
    deviceTypes: { meter: { mode: 'inline' } },
    queues: { presence: { bindings: [{ filter: 'events/+/+/presence' }] } },
  });
  for (const id of ['m-1', 'm-2']) await server.api('PUT', `/v1/devices/${id}`, { type: 'meter' });
  const { token } = await server.api<{ token: string }>('POST', '/v1/devices/m-1/credentials', { kind: 'token' });
  const device = async () => (await server.api<Known>('GET', '/v1/devices/m-1')).presence;
  const online = async () =>
    (await server.api<{ devices: { id: string }[] }>('GET', '/v1/devices?online=true')).devices.map(({ id }) => id);
  const logIn = () => connectAsync(server.mqttUrl, { username: token, protocolVersion: 5, reconnectPeriod: 0 });
  assert.equal(await device(), undefined);

  const client = await logIn();
  assert.deepEqual(await nextEvent(server), { deviceId: 'm-1', online: true });
  assert.deepEqual([(await device())?.online, await online()], [true, ['m-1']]);
  await client.endAsync();
  assert.deepEqual(await nextEvent(server), { deviceId: 'm-1', online: false });
  const { connectedAt = 0, disconnectedAt = 0, online: isOnline } = (await device()) ?? {};
  assert.deepEqual([isOnline, disconnectedAt >= connectedAt, connectedAt > 0, await online()], [false, true, true, []]);

  const killed = await logIn();
  killed.on('error', () => undefined);
  assert.deepEqual(await nextEvent(server), { deviceId: 'm-1', online: true });
  await server.stop('SIGKILL');
  await server.start();
  assert.equal((await device())?.online, false);
  assert.deepEqual(await nextEvent(server), { deviceId: 'm-1', online: false });

  await logIn();
  assert.deepEqual(await nextEvent(server), { deviceId: 'm-1', online: true });
  await server.stop('SIGTERM');
  await server.start();
  assert.equal((await device())?.online, false);
  assert.deepEqual(await nextEvent(server), { deviceId: 'm-1', online: false });
});
