import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { QueueOptions } from '../src/queues/options.ts';
import { type Server, startConfigured, startServer } from './server.ts';

test('the queue that the pipeline needs cannot be removed', async (t) => {
  const server = await startServer(t);
  await assert.rejects(server.api('DELETE', '/v1/queues/ingest'), /answered 409/);
});

test('a queue of the configuration keeps what was changed of it, but for what the configuration names', async (t) => {
  const queues = { jobs: { bindings: [{ filter: 'jobs/#' }], limits: { messages: 10 } } };
  const server = await startConfigured(t, { queues });
  const change = { maxDeliveries: 7, paused: true, limits: { messages: 5, bytes: 9_000 } };
  await server.api('PATCH', '/v1/queues/jobs', { options: change });
  assert.equal(await server.stop('SIGTERM'), 0);
  await server.start();
  const { options } = await server.api<{ options: QueueOptions }>('GET', '/v1/queues/jobs');
  const { maxDeliveries, paused, limits } = options;
  assert.deepEqual(
    { maxDeliveries, paused, limits },
    { maxDeliveries: 7, paused: true, limits: { messages: 10, bytes: 9_000 } },
  );
});

test('a clean stop ends with status 0 and keeps what was queued and retained', async (t) => {
  const server = await startServer(t);
  await server.api('POST', '/v1/queues', { name: 'jobs', options: { bindings: [{ filter: 'jobs/#' }] } });
  const messages = [
    { topic: 'jobs/a', payload: 'queued' },
    { topic: 'kept', payload: 'retained', retain: true },
  ];
  await server.api('POST', '/v1/messages', { messages });
  assert.equal(await server.stop('SIGTERM'), 0);
  await server.start();
  const { messages: found } = await server.api<{ messages: { payload: string }[] }>('GET', '/v1/queues/jobs/messages');
  assert.deepEqual(
    found.map(({ payload }) => payload),
    ['queued'],
  );
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
  assert.match(metrics, /sluice_broker_retained_messages 1/);
});

test('a stop publishes the wills of those who were connected, and one that waits for its delay comes after the restart', async (t) => {
  const server = await startServer(t);
  const will = { payload: Buffer.from('gone'), qos: 1, retain: true } as const;
  await connected(t, server, { will: { ...will, topic: 'gone/now' } });
  await connected(t, server, {
    clientId: 'later',
    properties: { sessionExpiryInterval: 600 },
    will: { ...will, topic: 'gone/later', properties: { willDelayInterval: 1 } },
  });
  assert.equal(await server.stop('SIGTERM'), 0);
  await server.start();
  const watcher = await connected(t, server, {});
  const topics = new Set<string>();
  const both = new Promise<void>((resolve) => {
    watcher.on('message', (topic) => {
      if (topics.add(topic).size === 2) resolve();
    });
  });
  await watcher.subscribeAsync('gone/+');
  await both;
  assert.deepEqual([...topics].sort(), ['gone/later', 'gone/now']);
});

async function connected(t: TestContext, server: Server, options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(server.mqttUrl, { reconnectPeriod: 0, protocolVersion: 5, ...options });
  t.after(() => client.endAsync(true));
  return client;
}
