import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from './server.ts';

test('the queue that the pipeline needs cannot be removed', async (t) => {
  const server = await startServer(t);
  await assert.rejects(server.api('DELETE', '/v1/queues/ingest'), /answered 409/);
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
