import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, serve } from '../testing/served.ts';

test('a scaler reads from a number at the top of a JSON object how many consumers a queue needs', async (t) => {
  const { call, watch } = await serve(t);
  const options = { desiredConsumers: { messagesPerConsumer: 10 } };
  await call('POST', '/v1/queues', { name: 'jobs', options });
  const scaling = async () => (await call('GET', '/v1/queues/jobs/scaling', undefined, bearer('ops-token'))).body;
  await watch.look();
  assert.deepEqual(await scaling(), { queue: 'jobs', desiredConsumers: 0, consumers: 0, backlog: 0 });
  await call('POST', '/v1/queues/jobs/messages', { messages: Array.from({ length: 25 }, () => ({ payload: 'x' })) });
  await watch.look();
  assert.deepEqual(await scaling(), { queue: 'jobs', desiredConsumers: 3, consumers: 0, backlog: 25 });
  const { body: page } = await call('GET', '/metrics');
  assert.match(page, /^sluice_queue_desired_consumers\{queue="jobs"\} 3$/m);
  assert.equal((await call('GET', '/v1/queues/jobs/stats')).body.desiredConsumers, 3);
});

test('a scaler that is nobody, or asks for a queue that is not there, hears so', async (t) => {
  const { call } = await serve(t, { anonymous: 'never' });
  assert.equal((await call('GET', '/v1/queues/jobs/scaling')).status, 401);
  const { status, body } = await call('GET', '/v1/queues/jobs/scaling', undefined, bearer('ops-token'));
  assert.deepEqual([status, body.code], [404, 'queue_not_found']);
});
