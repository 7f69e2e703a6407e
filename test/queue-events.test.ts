import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { type Server, startServer } from './server.ts';

test('what happens to a queue is heard under $events, by whoever subscribes there', async (t) => {
  const server = await startServer(t);
  const listener = await connected(t, server, {});
  const heard = listen(listener);
  await listener.subscribeAsync('$events/queue/jobs/+', { qos: 1 });
  const options = { bindings: [{ filter: 'jobs/#' }], limits: { messages: 1 } };
  await server.api('POST', '/v1/queues', { name: 'jobs', options });
  await heard('created', {});

  const rejects: IClientOptions['customHandleAcks'] = (_topic, _message, _packet, done) => done(0x99);
  const consumer = await connected(t, server, { clientId: 'worker', customHandleAcks: rejects });
  await consumer.subscribeAsync('$queue/jobs', { qos: 1 });
  await heard('consumer-joined', { consumer: 'worker', kind: 'push', count: 1 });
  await listener.publishAsync('jobs/1', 'x', { qos: 1 });
  const { code, kept } = await heard('dead', { attempts: 1, count: 1 });
  assert.deepEqual([code, kept], ['reason_0x99', true]);
  await consumer.endAsync();
  await heard('consumer-left', { consumer: 'worker' });

  await listener.publishAsync('jobs/2', 'x', { qos: 1 });
  await heard('full', { messages: 1 });
  await server.api('POST', '/v1/queues/jobs/purge');
  await heard('room', { messages: 0 });
  await server.api('PATCH', '/v1/queues/jobs', { options: { paused: true } });
  await heard('changed', {});
  await server.api('DELETE', '/v1/queues/jobs');
  await heard('removed', {});
});

test('a queue that is bound to events keeps them', async (t) => {
  const server = await startServer(t);
  await server.api('POST', '/v1/queues', {
    name: 'log',
    options: { bindings: [{ filter: '$events/queue/+/removed' }] },
  });
  await server.api('POST', '/v1/queues', { name: 'jobs' });
  await server.api('DELETE', '/v1/queues/jobs');
  const { messages } = await server.api<{ messages: { topic: string; payload: string }[] }>(
    'GET',
    '/v1/queues/log/messages',
  );
  assert.deepEqual(
    messages.map(({ topic, payload }) => [topic, JSON.parse(payload).queue]),
    [['$events/queue/jobs/removed', 'jobs']],
  );
});

type Body = Readonly<Record<string, unknown>>;

/** Answers with the first event of a kind that comes, or has come and was not asked for; it must hold what is expected. */
function listen(client: MqttClient): (kind: string, expected: Body) => Promise<Body> {
  const come: { kind: string; body: Body }[] = [];
  let wake: () => void = () => undefined;
  client.on('message', (topic, payload) => {
    come.push({ kind: topic.slice(topic.lastIndexOf('/') + 1), body: JSON.parse(payload.toString()) });
    wake();
  });
  return async (kind, expected) => {
    for (;;) {
      const at = come.findIndex((event) => event.kind === kind);
      if (at >= 0) {
        const [{ body }] = come.splice(at, 1);
        assert.partialDeepStrictEqual(body, { queue: 'jobs', event: kind, ...expected });
        return body;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}

async function connected(t: TestContext, server: Server, options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  return client;
}
