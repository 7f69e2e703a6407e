import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Server } from '../server.ts';
import { startListeners, testAuthority } from './listeners.ts';

const authority = testAuthority();
const started = startListeners(authority);
const device = authority.issue('device-7');
const clientFiles = { cert: readFileSync(device.certFile), key: readFileSync(device.keyFile) };

const ways: readonly (readonly [name: string, url: (server: Server) => string, IClientOptions])[] = [
  ['TLS', ({ listeners }) => `mqtts://localhost:${listeners.tls}`, { ca: authority.ca }],
  [
    'TLS with a client certificate',
    ({ listeners }) => `mqtts://localhost:${listeners.mutual}`,
    { ca: authority.ca, ...clientFiles },
  ],
  ['WebSocket', ({ listeners }) => `ws://localhost:${listeners.ws}/mqtt`, {}],
  ['WebSocket over TLS', ({ listeners }) => `wss://localhost:${listeners.wss}/mqtt`, { ca: authority.ca }],
];

async function connected(t: TestContext, url: string, options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(url, { reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  return client;
}

for (const [name, url, options] of ways) {
  for (const protocolVersion of [4, 5] as const) {
    test(`MQTT.js over ${name}, version ${protocolVersion}: QoS 0, 1, 2, small and a mebibyte`, async (t) => {
      const server = await started;
      const subscriber = await connected(t, url(server), { ...options, protocolVersion });
      const publisher = await connected(t, url(server), { ...options, protocolVersion });
      await subscriber.subscribeAsync('a/+', { qos: 2 });
      for (const qos of [0, 1, 2] as const) {
        for (const payload of [Buffer.from(`payload ${qos}`), Buffer.alloc(1024 * 1024, `${qos}`)]) {
          const message = once(subscriber as unknown as EventEmitter, 'message');
          await publisher.publishAsync(`a/${qos}`, payload, { qos });
          const [topic, received, packet] = await message;
          assert.deepEqual([topic, packet.qos], [`a/${qos}`, qos]);
          assert.ok(payload.equals(received));
        }
      }
    });
  }
}

test('MQTT.js does not connect where TLS is not to be trusted, on either side', async () => {
  const server = await started;
  const attempt = (port: number, options: IClientOptions): Promise<MqttClient> =>
    connectAsync(`mqtts://localhost:${port}`, { reconnectPeriod: 0, connectTimeout: 10_000, ...options });
  await assert.rejects(attempt(server.listeners.tls, {}), /self-signed|unable to (verify|get)/);
  await assert.rejects(
    attempt(server.listeners.mutual, { ca: authority.ca }),
    /certificate required|closed|ECONNRESET/i,
  );
});
